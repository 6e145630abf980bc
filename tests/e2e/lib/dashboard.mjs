// SPDX-License-Identifier: MIT
//
// The dashboard as a person uses it.

import { openPage } from './browser.mjs';

export class DashboardPage {
  /** Signed in with the token in the address; resolves when the list is there. */
  static async open(scope, browser, server, { hash = '', ...options } = {}) {
    const page = await openPage(scope, browser, options);
    await page.goto(`${server.url}/#token=${encodeURIComponent(server.token)}`);
    const dashboard = new DashboardPage(page, server);
    await dashboard.ready();
    if (hash) {
      await page.goto(`${server.url}/${hash}`);
    }
    return dashboard;
  }

  constructor(page, server) {
    this.page = page;
    this.server = server;
  }

  /** The list is there, and the event stream is. */
  async ready() {
    await this.page.locator('#forget').waitFor();
    await this.page.locator('#feed[data-state="live"]').waitFor();
  }

  row(id) { return this.page.locator(`li.mountpoint[data-id="${id}"]`); }
  rowIn(id, state) { return this.page.locator(`li.mountpoint[data-id="${id}"][data-state="${state}"]`); }
  get view() { return this.page.locator('#view-mountpoint'); }
  get form() { return this.page.getByRole('dialog').filter({ has: this.page.locator('[data-part="fields"]') }); }
  get confirm() { return this.page.locator('#confirm'); }
  button(name) { return this.view.getByRole('button', { name, exact: true }); }
  field(label) { return this.form.getByLabel(label, { exact: true }); }

  /** Nothing is wider than the window. */
  async overflow() {
    return this.page.evaluate(() =>
      document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }
}
