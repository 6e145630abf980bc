// SPDX-License-Identifier: MIT
//
// Tokens of the pages: `#token=...` is taken once, kept for this tab only, and
// removed from the address, where it would end up in history and screenshots.

/** The token kept under `key`, taken from the address first; '' when none. */
export function takeToken(key) {
  const hash = new URLSearchParams(location.hash.replace(/^#/, ''));
  const given = hash.get('token');
  if (given !== null) {
    hash.delete('token');
    const rest = hash.toString();
    history.replaceState(history.state, '',
      location.pathname + location.search + (rest ? `#${rest}` : ''));
    keepToken(key, given);
    return given;
  }
  return readToken(key);
}

/** Storage can be forbidden; then a token lives as long as the page. */
export function readToken(key) {
  try {
    return sessionStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

export function keepToken(key, token) {
  try {
    if (token) {
      sessionStorage.setItem(key, token);
    } else {
      sessionStorage.removeItem(key);
    }
  } catch {
    // Nothing is lost but the convenience.
  }
}

export const ADMIN_KEY = 'whepcast.admin-token';
export const watchKey = (id) => `whepcast.watch-token:${id}`;
export const publishKey = (id) => `whepcast.publish-token:${id}`;
