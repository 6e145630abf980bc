// SPDX-License-Identifier: MIT
//
// Tokens of the pages: `#token=...` is taken once, kept for this tab, and removed
// from the address, where it would end up in history and screenshots. The operator
// may have the admin token kept for longer.

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
    return sessionStorage.getItem(key) ?? localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

/** For this tab; `forGood`: for this browser, until it is forgotten ('' does). */
export function keepToken(key, token, { forGood = false } = {}) {
  try {
    sessionStorage.removeItem(key);
    if (!token || forGood) {
      localStorage.removeItem(key);
    }
    if (token) {
      (forGood ? localStorage : sessionStorage).setItem(key, token);
    }
  } catch {
    // Nothing is lost but the convenience.
  }
}

export const ADMIN_KEY = 'whepcast.admin-token';
export const watchKey = (id) => `whepcast.watch-token:${id}`;
export const publishKey = (id) => `whepcast.publish-token:${id}`;
