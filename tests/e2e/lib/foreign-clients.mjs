// SPDX-License-Identifier: MIT
//
// Runs inside the browser, on a page of package-origin.mjs: other people's clients,
// each behind play(url, token) or publish(url, token), which resolve to a handle
// with `pc` (once it has one) and leave().

export function installForeignClients() {
  const video = document.querySelector('video');

  async function whipWhepViewer(url, token) {
    const { WHEPClient } = await import('/whip-whep/whep.js');
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.ontrack = ({ track, streams: [stream] }) => {
      if (track.kind === 'video') {
        video.srcObject = stream;
      }
    };
    const client = new WHEPClient();
    await client.view(pc, url, token);
    return { pc, restart: () => client.restart(), leave: () => client.stop() };
  }

  async function eyevinnPlayer(url, token) {
    const { default: { WebRTCPlayer } } = await import('/commonjs/@eyevinn/webrtc-player');
    const player = new WebRTCPlayer({ video, type: 'whep', iceServers: [] });
    const events = [];
    for (const name of ['no-media', 'peer-connection-failed', 'initial-connection-failed',
      'connect-error']) {
      player.on(name, () => events.push(name));
    }
    await player.load(new URL(url), token ? `Bearer ${token}` : undefined);
    return { get pc() { return player.peer; }, events, leave: () => player.unload() };
  }

  // --- like MediaMTX's reader.js, which is in no package -------------------------

  /** As it reads Link: every one must be an ICE server. */
  function iceServersOf(links) {
    return links === null ? [] : links.split(', ').map((link) => {
      const match = new RegExp('^<(.+?)>; rel="ice-server"(; username="(.*?)"; ' +
        'credential="(.*?)"; credential-type="password")?', 'i').exec(link);
      return {
        urls: [match[1]],
        ...(match[2] ? { username: match[3], credential: match[4] } : {}),
      };
    });
  }

  function fragmentOf(sdp, candidate) {
    const line = (name) => new RegExp(`^${name}.*`, 'm').exec(sdp)[0].trim();
    const media = sdp.split(/^m=/m).slice(1)[candidate.sdpMLineIndex].split('\r\n')[0];
    return `${line('a=ice-ufrag:')}\r\n${line('a=ice-pwd:')}\r\nm=${media}\r\n` +
      `a=mid:${candidate.sdpMLineIndex}\r\na=${candidate.candidate}\r\n`;
  }

  /** OPTIONS first, a data channel, multiopus, If-Match: *, no token on the session. */
  async function mediamtxReader(url, token) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const options = await fetch(url, { method: 'OPTIONS', headers });
    const pc = new RTCPeerConnection({
      iceServers: iceServersOf(options.headers.get('Link')), sdpSemantics: 'unified-plan',
    });
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.createDataChannel('');
    pc.ontrack = ({ streams: [stream] }) => { video.srcObject = stream; };
    const refused = [];
    const queued = [];
    let session = null;
    const send = async (candidate) => {
      const { status } = await fetch(session, {
        method: 'PATCH', body: fragmentOf(pc.localDescription.sdp, candidate),
        headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
      });
      if (status !== 204) {
        refused.push(status);
      }
    };
    pc.onicecandidate = ({ candidate }) => {
      if (candidate !== null) {
        session ? send(candidate) : queued.push(candidate);
      }
    };
    const offer = await pc.createOffer();
    offer.sdp = offer.sdp.replace(/^(m=audio .*)\r\n/m, '$1 127\r\n')
      .replace(/^(a=rtpmap:111 .*\r\n)/m, '$1a=rtpmap:127 multiopus/48000/6\r\n' +
        'a=fmtp:127 channel_mapping=0,4,1,2,3,5;num_streams=4;coupled_streams=2\r\n');
    await pc.setLocalDescription(offer);
    const response = await fetch(url, {
      method: 'POST', headers: { ...headers, 'Content-Type': 'application/sdp' },
      body: offer.sdp,
    });
    if (response.status !== 201) {
      throw new Error(`bad status code ${response.status}`);
    }
    session = new URL(response.headers.get('location'), url).toString();
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    await Promise.all(queued.map(send));
    // Its close() sends no DELETE; one after an error has no token.
    return { pc, refused, leave: () => fetch(session, { method: 'DELETE' }) };
  }

  // --- publishers ------------------------------------------------------------------

  const capture = () => navigator.mediaDevices.getUserMedia({
    audio: true, video: { width: 320, height: 240, frameRate: 15 },
  });

  async function whipWhepPublisher(url, token) {
    const { WHIPClient } = await import('/whip-whep/whip.js');
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    for (const track of (await capture()).getTracks()) {
      pc.addTransceiver(track, { direction: 'sendonly' });
    }
    const client = new WHIPClient();
    await client.publish(pc, url, token);
    return { pc, leave: () => client.stop() };
  }

  async function eyevinnPublisher(url, token) {
    const { default: { WHIPClient } } = await import('/commonjs/@eyevinn/whip-web-client');
    const client = new WHIPClient({
      endpoint: url, opts: { authkey: token, iceServers: [] },
    });
    await client.ingest(await capture());
    return { pc: client.peer, leave: () => client.destroy() };
  }

  const clients = {
    whipWhepViewer, eyevinnPlayer, mediamtxReader, whipWhepPublisher, eyevinnPublisher,
  };
  let handle = null;

  globalThis.foreign = {
    async start(name, url, token) {
      const unhandled = [];
      addEventListener('unhandledrejection', ({ reason }) => unhandled.push(String(reason)));
      handle = await clients[name](url, token);
      globalThis.unhandled = unhandled;
    },
    seen() {
      return {
        width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames,
        audio: video.srcObject?.getAudioTracks().length ?? 0,
        problems: [...globalThis.unhandled, ...(handle.events ?? []), ...(handle.refused ?? [])],
      };
    },
    /** What became of the server's Link fields. */
    iceServers: () => handle.pc.getConfiguration().iceServers
      .map(({ urls, username }) => [...[urls].flat(), username].filter(Boolean)),
    restart: () => handle.restart(),
    async leave() { await handle.leave(); },
  };
}
