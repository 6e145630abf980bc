// SPDX-License-Identifier: MIT
//
// What the state of a player means to the person in front of it: a headline, and
// what happens next or would help. The server's own words stand between the two.

const STATES = {
  idle: 'Not started',
  connecting: 'Connecting',
  playing: 'Live',
  waiting: 'Waiting',
  failed: 'Cannot play',
  closed: 'Stopped',
};

/** By the status of a refusal: headline, and help. */
const REFUSALS = {
  401: ['This stream is not open to all', 'Give the access token that you got with its address.'],
  403: ['This stream is switched off, or not for you',
    'Whoever runs it can switch it on, or give you another token.'],
  404: ['There is no such stream', 'Is the address right? It begins here by itself when the stream is made.'],
  406: ['This browser cannot play this stream', 'Another browser may.'],
  409: ['Not live yet', 'It begins by itself when the stream does.'],
  415: ['This browser cannot play this stream', 'Another browser may.'],
  422: ['This browser cannot play this stream', 'Another browser may: Chrome, Edge, Firefox and Safari differ in what they play.'],
  429: ['Too many are asking', 'It is tried again by itself.'],
  503: ['The server has no room now', 'It is tried again by itself.'],
};

/** By the player's own reason, where no answer of the server is behind it. */
const REASONS = [
  [/cannot be reached/, ['The server cannot be reached',
    'Is this device online? It is tried again by itself.']],
  [/may block UDP/, ['No picture comes through',
    'A firewall or VPN between here and the server may block it: another network may help.']],
  [/secure connection failed/, ['No picture comes through', 'It is tried again by itself.']],
  [/source has stopped|may have paused/, ['The stream has paused', 'It goes on by itself when its source does.']],
  [/interrupted|was lost|connection failed|No media is arriving/,
    ['The connection is interrupted', 'It is mended by itself where it can be.']],
  [/ended the session|asked to connect again/, ['The server ended the connection', 'It is tried again by itself.']],
  [/browser refused/, ['This browser cannot play this stream', 'Another browser may.']],
];

function find({ state, reason, error }) {
  if (state !== 'waiting' && state !== 'failed') {
    return null;
  }
  return REFUSALS[error?.status] ?? REASONS.find(([pattern]) => pattern.test(reason))?.[1]
    ?? (error?.status >= 500 ? ['The server has a fault', 'It is tried again by itself.'] : null);
}

/** @param player what a WhepPlayer says of itself: { state, reason, error } */
export function wordsFor(player) {
  const { state, reason } = player;
  const [headline, help] = find(player) ?? [STATES[state], ''];
  return { state: STATES[state], headline, help, reason: reason === STATES[state] ? '' : reason };
}
