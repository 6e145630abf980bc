// SPDX-License-Identifier: MIT

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A bound UDP socket that is closed with the scope. */
export async function bindUdp(scope, port = 0, address = '0.0.0.0') {
  const socket = createSocket('udp4');
  const bound = once(socket, 'listening');
  socket.bind({ port, address, exclusive: true });
  await bound;
  let open = true;
  const close = () => new Promise((resolve) => {
    if (open) {
      open = false;
      socket.close(resolve);
    } else {
      resolve();
    }
  });
  scope.defer(close);
  return { port: socket.address().port, close };
}

/** Whether nobody has the port; true for a port that was given back. */
export async function isUdpFree(port) {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, () =>
      socket.close(() => resolve(true)));
  });
}

/** `count` even ports whose odd neighbours (RTCP) are free too, just now. */
export async function freeRtpPorts(count) {
  const found = [];
  for (let tries = 0; found.length < count && tries < 2000; tries += 1) {
    const port = 30000 + 2 * Math.floor(Math.random() * 1300);
    if (!found.includes(port) && await isUdpFree(port) && await isUdpFree(port + 1)) {
      found.push(port);
    }
  }
  return found;
}

/** A TCP port of loopback that was free just now. */
export async function freeTcpPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
