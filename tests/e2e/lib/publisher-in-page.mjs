// SPDX-License-Identifier: MIT
//
// Runs inside the browser: page.evaluate(installPublishers) puts it there, so the
// function must not use anything from outside itself.

export function installPublishers() {
  const all = new Map();

  /** 440 Hz, an eighth of full scale: what the viewers' ears expect. */
  function makeTone() {
    const context = new AudioContext();
    const oscillator = new OscillatorNode(context, { frequency: 440 });
    const gain = new GainNode(context, { gain: 0.125 });
    const destination = context.createMediaStreamDestination();
    oscillator.connect(gain).connect(destination);
    oscillator.start();
    return { context, track: destination.stream.getAudioTracks()[0] };
  }

  function preferCodec(transceiver, codec) {
    const { codecs } = RTCRtpSender.getCapabilities('video');
    const wanted = codecs.filter(({ mimeType }) => mimeType === `video/${codec}`);
    const others = codecs.filter(({ mimeType }) =>
      /\/(rtx|red|ulpfec|flexfec-03)$/i.test(mimeType));
    transceiver.setCodecPreferences([...wanted, ...others]);
    return wanted.length > 0;
  }

  async function post(publisher, { url, token }) {
    const bearer = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...bearer },
      body: publisher.pc.localDescription.sdp,
    });
    const text = await response.text();
    if (response.status !== 201) {
      publisher.pc.close();
      return { status: response.status, text };
    }
    publisher.session = new URL(response.headers.get('location'), url).href;
    await publisher.pc.setRemoteDescription({ type: 'answer', sdp: text });
    return { status: 201, text, session: publisher.session };
  }

  /**
   * @param options url, token, width, height, codec, encodings, kinds, microphone
   *   (the one of the browser instead of the tone)
   */
  async function publish(key, options) {
    const { width = 640, height = 360, kinds = ['audio', 'video'] } = options;
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const camera = await navigator.mediaDevices.getUserMedia({
      video: { width, height, frameRate: 30 }, audio: options.microphone ?? false,
    });
    const publisher = { pc, camera };
    all.set(key, publisher);
    if (kinds.includes('audio')) {
      publisher.tone = options.microphone ? null : makeTone();
      const track = publisher.tone?.track ?? camera.getAudioTracks()[0];
      pc.addTransceiver(track, { direction: 'sendonly', streams: [camera] });
    }
    if (kinds.includes('video')) {
      const transceiver = pc.addTransceiver(camera.getVideoTracks()[0], {
        direction: 'sendonly', streams: [camera],
        ...(options.encodings ? { sendEncodings: options.encodings } : {}),
      });
      if (options.codec) {
        preferCodec(transceiver, options.codec);
      }
    }
    await pc.setLocalDescription(await pc.createOffer());
    return post(publisher, options);
  }

  async function stats(key) {
    const { pc } = all.get(key);
    const streams = [];
    let rttMs = null;
    for (const stat of (await pc.getStats()).values()) {
      if (stat.type === 'outbound-rtp') {
        streams.push({
          kind: stat.kind, rid: stat.rid ?? null, ssrc: stat.ssrc, active: stat.active,
          frames: stat.framesEncoded ?? 0, keyFrames: stat.keyFramesEncoded ?? 0,
          packets: stat.packetsSent, resent: stat.retransmittedPacketsSent ?? 0,
          nacks: stat.nackCount ?? 0, plis: stat.pliCount ?? 0,
          width: stat.frameWidth ?? 0, height: stat.frameHeight ?? 0,
        });
      } else if (stat.type === 'remote-inbound-rtp') {
        rttMs = stat.roundTripTime === undefined ? rttMs : stat.roundTripTime * 1000;
      } else if (stat.type === 'candidate-pair' && stat.nominated) {
        streams.bandwidth = stat.availableOutgoingBitrate ?? null;
      }
    }
    return { streams, rttMs, bandwidth: streams.bandwidth ?? null,
      connection: pc.connectionState };
  }

  /** Switches layers on and off by rid, as a page short of uplink would. */
  async function setActive(key, active) {
    const sender = all.get(key).pc.getSenders().find(({ track }) => track?.kind === 'video');
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) {
      encoding.active = active.includes(encoding.rid);
    }
    await sender.setParameters(parameters);
  }

  async function remove(key) {
    return (await fetch(all.get(key).session, { method: 'DELETE' })).status;
  }

  function close(key) {
    const publisher = all.get(key);
    publisher?.pc.close();
    publisher?.tone?.context.close();
    publisher?.camera.getTracks().forEach((track) => track.stop());
    all.delete(key);
  }

  globalThis.publishers = { publish, stats, setActive, remove, close };
}
