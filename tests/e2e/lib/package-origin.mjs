// SPDX-License-Identifier: MIT
//
// Another origin that has the npm packages of this folder: pages that use other
// people's WHEP and WHIP clients, as they are published.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const PACKAGES = fileURLToPath(new URL('../node_modules/', import.meta.url));

const BLANK = '<!doctype html><title>elsewhere</title><body><video muted autoplay></video>';

/**
 * A CommonJS package and what it requires, as one ES module.
 * @param {Set} without   packages that stay empty
 */
function bundle(name, without) {
  const modules = new Map();
  const visit = (path) => {
    if (modules.has(path)) {
      return;
    }
    const source = readFileSync(path, 'utf8');
    const required = {};
    modules.set(path, { source, required });
    const from = createRequire(path);
    for (const [, , wanted] of source.matchAll(/\brequire\((["'])([^"']+)\1\)/g)) {
      if (!without.has(wanted)) {
        // The slash: a package of that name, not node's own module.
        required[wanted] = from.resolve(wanted === 'events' ? 'events/' : wanted);
        visit(required[wanted]);
      }
    }
  };
  const entry = require.resolve(name);
  visit(entry);
  const functions = [...modules].map(([path, { source, required }]) =>
    `[${JSON.stringify(path)}, { required: ${JSON.stringify(required)}, ` +
    `run(module, exports, require) {\n${source}\n} }]`);
  return `const modules = new Map([${functions.join(',\n')}]);
    const load = (path) => {
      const module = modules.get(path);
      if (!module.exports) {
        module.exports = {};
        module.run(module, module.exports, (name) =>
          name in module.required ? load(module.required[name]) : {});
      }
      return module.exports;
    };
    export default load(${JSON.stringify(entry)});`;
}

function answer(path, without) {
  if (path === '/') {
    return ['text/html', BLANK];
  }
  const name = path.slice('/commonjs/'.length);
  return path.startsWith('/commonjs/')
    ? ['text/javascript', bundle(name, without)]
    : ['text/javascript', readFileSync(new URL(path.slice(1), `file://${PACKAGES}`), 'utf8')];
}

/**
 * `/` is an empty page with a <video>, `/PACKAGE/FILE` a file of a package,
 * `/commonjs/PACKAGE` an ES module whose default export is what require() gives.
 * @returns {Promise<string>} its URL
 */
export async function startPackageOrigin(scope, { without = [] } = {}) {
  const server = http.createServer((request, response) => {
    try {
      const [type, body] = answer(request.url, new Set(without));
      response.setHeader('Content-Type', type);
      response.end(body);
    } catch (error) {
      response.statusCode = 404;
      response.end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${server.address().port}/`;
}
