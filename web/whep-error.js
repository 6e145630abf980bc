// SPDX-License-Identifier: MIT
//
// A refusal of a WHEP or WHIP server, with what it said about it (RFC 9457).

export class WhepError extends Error {
  constructor(status, message, { code = '', retryAfter = null } = {}) {
    super(message);
    this.name = 'WhepError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  static async from(response) {
    let problem = {};
    if (/json/i.test(response.headers.get('content-type') ?? '')) {
      problem = (await response.json().catch(() => null)) ?? {};
    }
    const said = [problem.detail, problem.title, problem.error]
      .find((text) => typeof text === 'string' && text !== '');
    return new WhepError(response.status,
      said ?? `The server answered ${response.status} ${response.statusText}`, {
        code: typeof problem.error === 'string' ? problem.error : '',
        retryAfter: response.headers.get('retry-after'),
      });
  }
}
