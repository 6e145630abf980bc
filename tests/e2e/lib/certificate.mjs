// SPDX-License-Identifier: MIT
//
// Certificates of the tests' own.

import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of its own authority, in files cert.pem and key.pem of `folder`. */
export function makeCertificate(folder, name) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout', join(folder, 'key.new'), '-out', join(folder, 'cert.new')], { stdio: 'ignore' });
}

/** Puts what was made in the place of what is there. */
export function install(folder, files = ['cert', 'key']) {
  for (const file of files) {
    renameSync(join(folder, `${file}.new`), join(folder, `${file}.pem`));
  }
}

/** The configuration of a server with them. */
export function tlsConfig(folder, address = '127.0.0.1') {
  return `[ice]\naddresses=${address}\n[http]\n` +
    `tls-certificate=${join(folder, 'cert.pem')}\ntls-key=${join(folder, 'key.pem')}\n`;
}
