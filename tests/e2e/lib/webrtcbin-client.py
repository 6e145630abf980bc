#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""GStreamer's webrtcbin with its own ICE agent (libnice) as a WHEP viewer.

  webrtcbin-client.py watch URL

Offers what whepsrc of gst-plugins-rs offers, which Debian 12 does not have: codecs
without fmtp, Opus without a number of channels, all candidates, no trickle. Talks as
aiortc-client.py does.
"""

import sys
import threading
import urllib.parse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from client import request, say  # noqa: E402

AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000"
VIDEO = ";".join(
    f"application/x-rtp,media=video,encoding-name={name},payload={payload},clock-rate=90000"
    for payload, name in enumerate(["VP8", "VP9", "H264", "H265", "AV1"], 101))


class Viewer:
    def __init__(self, url):
        self.url = url
        self.session = None
        self.counts = {"video": 0, "audio": 0}
        self.size = [0, 0]
        self.loop = GLib.MainLoop()
        self.failure = None
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin")
        self.bin.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.bin)
        for caps in (AUDIO, VIDEO):
            self.bin.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY,
                          Gst.Caps.from_string(caps))
        self.bin.connect("notify::ice-gathering-state", self.on_gathering)
        self.bin.connect("notify::connection-state", self.on_connection)
        self.bin.connect("pad-added", self.on_pad)

    def fail(self, why):
        self.failure = why
        self.loop.quit()

    # --- negotiation, on webrtcbin's thread except for the requests ----------------

    def start(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        promise = Gst.Promise.new_with_change_func(self.on_offer)
        self.bin.emit("create-offer", None, promise)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        if self.failure:
            raise SystemExit(self.failure)

    def on_offer(self, promise):
        # The offer is the reply's, and the reply is the promise's.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.bin.emit("set-local-description", offer, Gst.Promise.new())

    def on_gathering(self, *_):
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if self.bin.get_property("ice-gathering-state") == complete:
            threading.Thread(target=self.negotiate, daemon=True).start()

    def negotiate(self):
        offer = self.bin.get_property("local-description").sdp.as_text()
        status, headers, text = request("POST", self.url, offer)
        if status != 201:
            GLib.idle_add(self.fail, f"POST {self.url}: {status} {text}")
            return
        self.session = urllib.parse.urljoin(self.url, headers["Location"])
        self.texts = {"offer": offer, "answer": text}
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.bin.emit("set-remote-description", answer, Gst.Promise.new())

    def on_connection(self, *_):
        state = self.bin.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            say(connected=True, **self.texts)
            threading.Thread(target=self.talk, daemon=True).start()
        elif state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            GLib.idle_add(self.fail, "the connection failed")

    # --- media -------------------------------------------------------------------

    def on_pad(self, _, pad):
        decoder = Gst.ElementFactory.make("decodebin")
        self.pipeline.add(decoder)
        decoder.connect("pad-added", self.on_decoded)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def on_decoded(self, _, pad):
        sink = Gst.ElementFactory.make("fakesink")
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.add_probe(Gst.PadProbeType.BUFFER, self.on_buffer)
        pad.link(sink.get_static_pad("sink"))

    def on_buffer(self, pad, _):
        caps = pad.get_current_caps().get_structure(0)
        kind = caps.get_name().split("/")[0]
        self.counts[kind] += 1
        if kind == "video":
            self.size = [caps.get_value("width"), caps.get_value("height")]
        return Gst.PadProbeReturn.OK

    # --- the caller ----------------------------------------------------------------

    def talk(self):
        while sys.stdin.readline():
            say(**self.counts, size=self.size)
        status, _, _ = request("DELETE", self.session)
        say(deleted=status)
        GLib.idle_add(self.loop.quit)


Gst.init(None)
Viewer(sys.argv[2]).start()
