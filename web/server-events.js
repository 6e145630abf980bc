// SPDX-License-Identifier: MIT
//
// Server-sent events out of a fetch() response. Not EventSource, because that
// cannot send a token.

/** One by one: { event, data }. Ends with the response, throws when it breaks. */
export async function* readEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    text = (text + value).replaceAll('\r\n', '\n');
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const field = (name) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
      if (field('event')) {
        yield { event: field('event'), data: field('data') ?? '' };
      }
    }
  }
}
