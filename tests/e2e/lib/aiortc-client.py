#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""aiortc as a client of WHEP and WHIP: an SDP, ICE, DTLS and SRTP stack of its own.

  aiortc-client.py watch URL [VIDEO-CODEC]      decodes, until a line comes or stdin ends
  aiortc-client.py publish URL [VIDEO-CODEC]    sends a picture and a tone, likewise

Prints one line of JSON when it is connected, one for every line on stdin, and one
at the end, after the session was DELETEd.
"""

import asyncio
import fractions
import math
import sys
import time
import urllib.parse

import av
import numpy
from aiortc import (MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender,
                    RTCSessionDescription)
from aiortc.mediastreams import MediaStreamError, VideoStreamTrack

from client import request, say

WIDTH, HEIGHT = 320, 240
SAMPLE_RATE = 48000
FRAME_SAMPLES = SAMPLE_RATE // 50


class Picture(VideoStreamTrack):
    """A bar that moves over grey."""

    count = 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = numpy.full((HEIGHT, WIDTH, 3), 96, numpy.uint8)
        left = (self.count * 4) % (WIDTH - 40)
        picture[:, left:left + 40] = (30, 200, 60)
        self.count += 1
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(MediaStreamTrack):
    """440 Hz, an eighth of full scale: what the viewers' ears expect."""

    kind = "audio"
    sent = 0
    started = None

    async def recv(self):
        self.started = self.started or time.monotonic()
        due = self.started + self.sent / SAMPLE_RATE
        await asyncio.sleep(max(0, due - time.monotonic()))
        times = numpy.arange(self.sent, self.sent + FRAME_SAMPLES) / SAMPLE_RATE
        wave = 4096 * numpy.sin(2 * math.pi * 440 * times)
        frame = av.AudioFrame.from_ndarray(
            wave.astype(numpy.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self.sent
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self.sent += FRAME_SAMPLES
        return frame


class Seen:
    """What was decoded."""

    def __init__(self):
        self.frames = {"video": 0, "audio": 0}
        self.size = [0, 0]
        self.peak_hz = 0

    async def follow(self, track):
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            self.frames[track.kind] += 1
            if track.kind == "video":
                self.size = [frame.width, frame.height]
            else:
                self.hear(frame)

    def hear(self, frame):
        """The strongest frequency of one frame of 20 ms: within 50 Hz."""
        samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
        spectrum = numpy.abs(numpy.fft.rfft(samples))
        self.peak_hz = float(numpy.argmax(spectrum)) * frame.sample_rate / len(samples)


def prefer(pc, codec):
    for transceiver in pc.getTransceivers():
        if transceiver.kind == "video" and codec:
            wanted = [one for one in RTCRtpSender.getCapabilities("video").codecs
                      if one.mimeType == f"video/{codec}"]
            transceiver.setCodecPreferences(wanted)


async def negotiate(pc, url):
    await pc.setLocalDescription(await pc.createOffer())
    offer = pc.localDescription.sdp
    status, headers, text = await asyncio.to_thread(request, "POST", url, offer)
    if status != 201:
        raise SystemExit(f"POST {url}: {status} {text}")
    await pc.setRemoteDescription(RTCSessionDescription(text, "answer"))
    return urllib.parse.urljoin(url, headers["Location"]), offer, text


async def run(role, url, codec):
    # No STUN server: by default it waits for one on the Internet.
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    seen = Seen()
    connected = asyncio.Event()

    @pc.on("track")
    def on_track(track):
        asyncio.ensure_future(seen.follow(track))

    @pc.on("connectionstatechange")
    def on_state():
        if pc.connectionState == "connected":
            connected.set()

    if role == "watch":
        pc.addTransceiver("audio", direction="recvonly")
        pc.addTransceiver("video", direction="recvonly")
    else:
        pc.addTransceiver(Tone(), direction="sendonly")
        pc.addTransceiver(Picture(), direction="sendonly")
    prefer(pc, codec)
    session, offer, answer = await negotiate(pc, url)
    await asyncio.wait_for(connected.wait(), 20)
    say(connected=True, offer=offer, answer=answer)

    def report():
        say(**seen.frames, size=seen.size, peak_hz=seen.peak_hz, state=pc.connectionState)

    while await asyncio.to_thread(sys.stdin.readline):
        report()
    status, _, _ = await asyncio.to_thread(request, "DELETE", session)
    await pc.close()
    say(deleted=status)


asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None))
