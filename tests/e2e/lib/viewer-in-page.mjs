// SPDX-License-Identifier: MIT
//
// Runs inside the browser: page.evaluate(installViewers) puts it there, so the
// function must not use anything from outside itself.

export function installViewers() {
  const all = new Map();

  const withStereo = (sdp) => sdp.replace(/^(a=fmtp:111 [^\r\n]*)/m, '$1;stereo=1');

  function attach(viewer, { track, streams }) {
    viewer.streams.push(streams.map((stream) => stream.id));
    viewer.tracks[track.kind] = track;
    if (track.kind === 'video') {
      const video = document.createElement('video');
      Object.assign(video, {
        muted: true, autoplay: true, playsInline: true,
        srcObject: new MediaStream([track]),
      });
      document.body.append(video);
      viewer.video = video;
      video.requestVideoFrameCallback((now) => {
        viewer.firstFrameMs = now - viewer.startedAt;
      });
    } else {
      // WebAudio hears a remote track only when an element plays it too.
      const audio = new Audio();
      Object.assign(audio, { muted: true, srcObject: new MediaStream([track]) });
      audio.play().catch(() => {});
      viewer.audio = audio;
    }
  }

  /** An offer without the lines in which one of `words` stands. */
  const leaveOut = (sdp, words) => sdp.split('\r\n')
    .filter((line) => !words.some((word) => line.includes(word))).join('\r\n');

  async function post(viewer, { url, token, ifMatch = true, without = [] }) {
    const bearer = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...bearer },
      body: leaveOut(viewer.pc.localDescription.sdp, without),
    });
    const text = await response.text();
    if (response.status !== 201) {
      throw new Error(`POST ${url}: ${response.status} ${text}`);
    }
    viewer.session = new URL(response.headers.get('location'), url).href;
    viewer.etag = ifMatch ? response.headers.get('etag') : null;
    return {
      sdp: text,
      session: viewer.session,
      etag: response.headers.get('etag'),
      link: response.headers.get('link'),
    };
  }

  async function trickle(viewer) {
    const sdp = viewer.pc.localDescription.sdp;
    const line = (name) => new RegExp(`^${name}.*`, 'm').exec(sdp)[0].trim();
    const body = [line('a=ice-ufrag:'), line('a=ice-pwd:'), line('m='), line('a=mid:'),
      ...viewer.candidates.map((candidate) => `a=${candidate}`), ''].join('\r\n');
    const response = await fetch(viewer.session, {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': viewer.etag,
      },
      body,
    });
    return response.status;
  }

  async function watch(key, options) {
    const { kinds = ['video', 'audio'], stereo = false } = options;
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const viewer = {
      pc, tracks: {}, streams: [], candidates: [], startedAt: performance.now(),
    };
    all.set(key, viewer);
    pc.ontrack = (event) => attach(viewer, event);
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) {
        viewer.candidates.push(candidate.candidate);
      }
    };
    for (const kind of kinds) {
      pc.addTransceiver(kind, { direction: 'recvonly' });
    }
    const offer = await pc.createOffer();
    await pc.setLocalDescription({
      type: 'offer', sdp: stereo ? withStereo(offer.sdp) : offer.sdp,
    });
    const answer = await post(viewer, options);
    await pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
    if (options.trickle) {
      answer.trickleStatus = await trickle(viewer);
    }
    return { ...answer, streams: viewer.streams };
  }

  async function stats(key) {
    const { pc, video, firstFrameMs } = all.get(key);
    const result = {
      framesDecoded: 0, framesReceived: 0, videoPackets: 0, audioPackets: 0, nacks: 0, plis: 0,
      retransmitted: 0, lost: 0, audioLevel: 0, ssrcs: [], firstFrameMs: firstFrameMs ?? null,
      freezes: 0, framesDropped: 0,
      presented: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
      width: video?.videoWidth ?? 0, height: video?.videoHeight ?? 0,
    };
    const report = await pc.getStats();
    for (const stat of report.values()) {
      if (stat.type === 'inbound-rtp') {
        result[`${stat.kind}Packets`] += stat.packetsReceived;
        result.lost += stat.packetsLost;
        result.nacks += stat.nackCount ?? 0;
        result.plis += stat.pliCount ?? 0;
        result.framesDecoded += stat.framesDecoded ?? 0;
        result.framesReceived += stat.framesReceived ?? 0;
        result.retransmitted += stat.retransmittedPacketsReceived ?? 0;
        result.audioLevel = Math.max(result.audioLevel, stat.audioLevel ?? 0);
        result.freezes += stat.freezeCount ?? 0;
        result.framesDropped += stat.framesDropped ?? 0;
        result.ssrcs.push(stat.ssrc);
        result[`${stat.kind}Codec`] = report.get(stat.codecId)?.mimeType ?? null;
      }
    }
    return result;
  }

  function states(key) {
    const { pc } = all.get(key);
    return {
      connection: pc.connectionState,
      ice: pc.iceConnectionState,
      dtls: pc.getReceivers()[0]?.transport?.state ?? null,
    };
  }

  async function listen(viewer, channels) {
    const context = new AudioContext();
    const source = context.createMediaStreamSource(
      new MediaStream([viewer.tracks.audio]));
    const splitter = context.createChannelSplitter(channels);
    source.connect(splitter);
    viewer.context = context;
    viewer.analysers = Array.from({ length: channels }, (_, index) => {
      const analyser = new AnalyserNode(context, { fftSize: 8192 });
      splitter.connect(analyser, index);
      return analyser;
    });
    await context.resume();
  }

  function measure(analyser) {
    const samples = new Float32Array(analyser.fftSize);
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatTimeDomainData(samples);
    analyser.getFloatFrequencyData(bins);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0);
    const peak = bins.indexOf(Math.max(...bins));
    return {
      rms: Math.sqrt(power / samples.length),
      peakHz: peak * analyser.context.sampleRate / analyser.fftSize,
    };
  }

  async function sound(key, channels) {
    const viewer = all.get(key);
    if (!viewer.tracks.audio) {
      return Array.from({ length: channels }, () => ({ rms: 0, peakHz: 0 }));
    }
    if (viewer.analysers?.length !== channels) {
      await listen(viewer, channels);
    }
    return viewer.analysers.map(measure);
  }

  /** End the session as the protocol wants it; returns the status. */
  async function remove(key) {
    const { session } = all.get(key);
    return (await fetch(session, { method: 'DELETE' })).status;
  }

  function close(key) {
    const viewer = all.get(key);
    viewer?.context?.close();
    viewer?.pc.close();
    viewer?.video?.remove();
    all.delete(key);
  }

  const of = (key) => all.get(key);

  globalThis.viewers = { of, watch, stats, states, sound, remove, close };
}
