// SPDX-License-Identifier: MIT
//
// HTTP for tests: one connection per request, so that a server's descriptors can
// be counted, and nothing is hidden, followed or added.

import http from 'node:http';
import https from 'node:https';

/**
 * @param {string} url
 * @param {object} options method, headers (name -> text or texts), body (text or
 *   Buffer), chunks (an array, sent chunked), path (sent as it is), timeoutMs,
 *   ca (of https; default: any certificate will do), localAddress (to come from)
 * @returns status, headers (lower case, joined by node), raw (as sent), text,
 *   json (null when it is not JSON)
 */
export function request(url, options = {}) {
  const { method = 'GET', headers = {}, body, chunks, path, timeoutMs = 15000 } =
    options;
  return new Promise((resolve, reject) => {
    const sent = { ...headers };
    if (body !== undefined && !chunks) {
      sent['Content-Length'] ??= Buffer.byteLength(body);
    }
    const module = url.startsWith('https:') ? https : http;
    const outgoing = module.request(url, {
      method, headers: sent, agent: false, signal: AbortSignal.timeout(timeoutMs),
      localAddress: options.localAddress,
      ca: options.ca, rejectUnauthorized: options.ca !== undefined,
      ...(path === undefined ? {} : { path }),
    });
    // A server may answer and close before it has read everything (413).
    let answered = false;
    outgoing.on('error', (error) => answered || reject(error));
    outgoing.on('response', (incoming) => {
      answered = true;
      collect(incoming).then(resolve, reject);
    });
    for (const chunk of chunks ?? []) {
      outgoing.write(chunk);
    }
    outgoing.end(chunks ? undefined : body);
  });
}

async function collect(incoming) {
  const parts = [];
  for await (const part of incoming) {
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const text = bytes.toString('utf8');
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    raw: incoming.rawHeaders,
    bytes,
    text,
    json: parse(text),
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
