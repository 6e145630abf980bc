// SPDX-License-Identifier: MIT
//
// The front page: the admin token, once, and behind it the dashboard.

import { Dashboard } from './dashboard.js';
import { ADMIN_KEY, keepToken, takeToken } from './token.js';

const RETRY_MS = 3000;

const element = (id) => document.getElementById(id);
let token = takeToken(ADMIN_KEY);
let dashboard = null;
let timer = 0;

function askToken(error) {
  element('token-form').hidden = false;
  element('token-error').textContent = error;
  element('token-error').hidden = error === '';
  element('token').focus();
}

function showNotice(text) {
  element('notice').textContent = text;
  element('notice').hidden = text === '';
}

function close() {
  clearTimeout(timer);
  dashboard?.stop();
  dashboard = null;
  element('nav').hidden = true;
  element('forget').hidden = true;
  showNotice('');
}

function forget(error) {
  close();
  token = '';
  keepToken(ADMIN_KEY, '');
  askToken(error);
}

async function open() {
  close();
  if (!token) {
    askToken('');
    return;
  }
  const opened = new Dashboard(token, () => forget('This token is not valid any more.'));
  dashboard = opened;
  try {
    await opened.start();
  } catch (error) {
    if (dashboard === opened) {
      refuse(error);
    }
    return;
  }
  element('token-form').hidden = true;
  element('nav').hidden = false;
  element('forget').hidden = false;
}

function refuse(error) {
  if (error.isRefusal) {
    forget('This token is wrong.');
    return;
  }
  close();
  showNotice(`${error.message} Trying again …`);
  timer = setTimeout(open, Math.max(RETRY_MS, (error.retryAfterS ?? 0) * 1000));
}

element('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  token = element('token').value.trim();
  element('token').value = '';
  keepToken(ADMIN_KEY, token, { forGood: element('token-keep').checked });
  open();
});
element('forget').addEventListener('click', () => forget(''));
addEventListener('hashchange', () => {
  const given = takeToken(ADMIN_KEY);
  if (given !== token) {
    token = given;
    open();
  } else {
    dashboard?.route();
  }
});
open();
