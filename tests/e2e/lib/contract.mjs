// SPDX-License-Identifier: MIT
//
// The server's own OpenAPI document as a judge of what the server answers: every
// answer must have a documented status, body and header fields, and no others.

import assert from 'node:assert/strict';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { request } from './http.mjs';

const METHODS = ['get', 'post', 'patch', 'delete', 'options'];

/** Fields that mean something to a client: one that comes must be documented. */
const TELLING = ['location', 'etag', 'link', 'retry-after', 'accept-post', 'accept-patch',
  'www-authenticate', 'allow'];

/** What each answer has by the text of the document, whatever it says of it. */
const COMMON = { 'x-content-type-options': 'nosniff' };

export class Contract {
  #ajv;
  #validators = new Map();
  #seen = new Set();
  #seenEvents = new Set();

  constructor(document) {
    this.document = document;
    // The mapping says again what oneOf says; ajv takes only the property.
    const schemas = JSON.parse(JSON.stringify(document.components.schemas)
      .replaceAll('#/components/schemas/', '#/$defs/'),
    (key, value) => key === 'discriminator' ? { propertyName: value.propertyName } : value);
    this.#ajv = new Ajv2020({ discriminator: true, allErrors: true, allowUnionTypes: true,
      strictRequired: false, strictTypes: false });
    addFormats(this.#ajv);
    this.#ajv.addSchema({ $id: 'api', $defs: schemas });
    this.operations = new Map();
    for (const [path, item] of Object.entries(document.paths)) {
      for (const method of METHODS.filter((name) => name in item)) {
        const operation = item[method];
        assert.ok(!this.operations.has(operation.operationId), operation.operationId);
        this.operations.set(operation.operationId, { path, method, ...operation });
      }
    }
  }

  /** The operation of a name, its parts that are references looked up. */
  operation(id) {
    const operation = this.operations.get(id);
    assert.ok(operation, `the document has no operation ${id}`);
    return operation;
  }

  #resolve(node) {
    return node?.$ref
      ? node.$ref.slice(2).split('/').reduce((at, name) => at[name], this.document) : node;
  }

  /** Throws unless `value` is as `schema` says; `what` names it. */
  validate(schema, value, what) {
    const key = JSON.stringify(schema);
    if (!this.#validators.has(key)) {
      this.#validators.set(key, this.#ajv.compile(
        JSON.parse(key.replaceAll('#/components/schemas/', 'api#/$defs/'))));
    }
    const validate = this.#validators.get(key);
    assert.ok(validate(value), `${what} is not as documented: ${this.#ajv.errorsText(
      validate.errors?.slice(0, 8), { dataVar: '' })}\n${JSON.stringify(value)?.slice(0, 1500)}`);
  }

  schema(name) { return { $ref: `#/components/schemas/${name}` }; }

  /** The path of an operation with its parameters filled in. */
  path(operation, params = {}) {
    return operation.path.replace(/\{(\w+)\}/g, (whole, name) => {
      assert.ok(params[name], `${operation.operationId} needs ${name}`);
      return params[name];
    });
  }

  /**
   * Sends an operation, and judges the answer and, if it was taken, the body.
   * @param options params, query, token, headers, json (a value), body and type,
   *   timeoutMs
   */
  async call(server, id, options = {}) {
    const operation = this.operation(id);
    const { query = '', token, headers = {}, json } = options;
    const type = options.type ?? (json === undefined ? undefined : 'application/json');
    const body = options.body ?? (json === undefined ? undefined : JSON.stringify(json));
    const answer = await request(`${server.url}${this.path(operation, options.params)}${query}`, {
      method: operation.method.toUpperCase(), body, timeoutMs: options.timeoutMs,
      headers: {
        ...(type ? { 'Content-Type': type } : {}),
        ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers,
      },
    });
    this.judge(id, answer);
    if (answer.status < 400 && body) {
      this.#judgeRequest(operation, type, json ?? body);
    }
    return answer;
  }

  /** A body that was taken is one that the document allows. */
  #judgeRequest(operation, type, value) {
    const media = operation.requestBody?.content[type];
    assert.ok(media, `${operation.operationId} has no body of type ${type} in the document`);
    this.validate(media.schema, value, `the body of ${operation.operationId}`);
  }

  /** Throws unless the answer is one of the documented ones. */
  judge(id, answer) {
    const operation = this.operation(id);
    const what = `${id}: ${answer.status}`;
    const response = this.#resolve(operation.responses[answer.status]);
    assert.ok(response, `${what} is not documented; ${answer.text.slice(0, 300)}`);
    this.#judgeFields(response, answer, what);
    this.#judgeBody(response, answer, what);
    this.#seen.add(`${id} ${answer.status}`);
  }

  /** A refusal that no operation has looked at: the default of the document. */
  judgeRefusal(id, answer) {
    const response = this.#resolve(this.operation(id).responses.default);
    this.#judgeFields(response, answer, `${id}: ${answer.status}`);
    this.#judgeBody(response, answer, `${id}: ${answer.status}`);
  }

  #judgeFields(response, answer, what) {
    const documented = new Map(Object.entries(response.headers ?? {})
      .map(([name, header]) => [name.toLowerCase(), this.#resolve(header)]));
    for (const [name, header] of documented) {
      const value = answer.headers[name];
      assert.ok(value !== undefined || !header.required, `${what} has no ${name}`);
      if (value !== undefined) {
        this.validate(header.schema, value, `${name} of ${what}`);
      }
    }
    for (const name of TELLING) {
      assert.ok(answer.headers[name] === undefined || documented.has(name),
        `${name} of ${what} is not documented`);
    }
    for (const [name, value] of Object.entries(COMMON)) {
      assert.equal(answer.headers[name], value, `${name} of ${what}`);
    }
  }

  #judgeBody(response, answer, what) {
    if (!response.content) {
      assert.equal(answer.text, '', `${what} has a body`);
      return;
    }
    const type = answer.headers['content-type']?.split(';')[0];
    const media = response.content[type];
    assert.ok(media, `${what} is of type ${type}, which is not documented`);
    const isJson = /\bjson$/.test(type);
    if (isJson) {
      assert.notEqual(answer.json, null, `${what} is no JSON: ${answer.text.slice(0, 300)}`);
    }
    this.validate(media.schema, isJson ? answer.json : answer.text, `the body of ${what}`);
  }

  /** A stream of events (lib/events.mjs) that has been listened to. */
  judgeEvents(id, stream) {
    this.judge(id, { ...stream, text: '' });
    const { content } = this.#resolve(this.operation(id).responses[stream.status]);
    const schemas = content['text/event-stream']['x-events'];
    assert.ok(stream.events.length > 0, `${id} told nothing`);
    for (const [name, data] of stream.events) {
      assert.ok(schemas[name], `${id}: the event ${name} is not documented`);
      this.validate(schemas[name], data, `the event ${name} of ${id}`);
      this.#seenEvents.add(name);
    }
  }

  /** The body of a POST that the server sends by itself. */
  judgeWebhook(name, body) {
    const { requestBody } = this.document.webhooks[name].post;
    this.validate(requestBody.content['application/json'].schema, body, `the webhook ${name}`);
  }

  /** The names of events that are documented, of whichever stream, and did not come. */
  unseenEvents() {
    const all = [...this.operations.values()].flatMap(({ responses }) =>
      Object.keys(responses[200]?.content?.['text/event-stream']?.['x-events'] ?? {}));
    return [...new Set(all)].filter((name) => !this.#seenEvents.has(name));
  }

  /** What is documented and was not seen: "operation status". */
  unseen() {
    return [...this.operations.values()].flatMap(({ operationId, responses }) =>
      Object.keys(responses).filter((status) => status !== 'default')
        .map((status) => `${operationId} ${status}`))
      .filter((each) => !this.#seen.has(each));
  }
}
