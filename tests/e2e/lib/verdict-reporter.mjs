// SPDX-License-Identifier: MIT
//
// A reporter of node:test: a line of JSON for each test that is over.

const stackOf = (error) => String((error?.cause ?? error)?.stack ?? error);

export default async function* report(events) {
  for await (const { type, data } of events) {
    const failed = type === 'test:fail';
    const isPart = data?.details?.type === 'suite' &&
      (!failed || data.details.error?.failureType === 'subtestsFailed');
    if ((failed || type === 'test:pass') && !isPart) {
      yield `${JSON.stringify({
        title: data.name,
        skip: data.skip ?? false,
        error: failed ? stackOf(data.details.error) : null,
      })}\n`;
    }
  }
}
