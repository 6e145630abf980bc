# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What whepcast needs from Debian 12 or newer, in one place: packaging/run and
# tests/run source this file. Nothing happens by sourcing it.

# To build and to run the server. Each line says what it is for.
# shellcheck disable=SC2034 # used by the scripts that source this file
build_packages=(
  gcc libc6-dev               # the compiler
  pkg-config meson ninja-build
  libglib2.0-dev              # also glib-compile-resources
  libssl-dev                  # SRTP, certificates' fingerprints, HTTPS
  libsoup-3.0-dev             # HTTP
  libjson-glib-dev            # the API's JSON
  libcjose-dev libjansson-dev # signed tokens
  glib-networking ca-certificates # asking hooks and for keys over https
  libnice-dev                 # STUN messages; the ICE agent of kind=whep
  libgstreamer1.0-dev
  libgstreamer-plugins-base1.0-dev # rtp, sdp, app
  libgstreamer-plugins-bad1.0-dev  # webrtc
  libgstrtspserver-1.0-dev    # publishers by RTSP (and the camera of the tests)
  gstreamer1.0-plugins-base   # app, videotestsrc, audiotestsrc, opus
  gstreamer1.0-plugins-good   # udp, rtp, rtpmanager, rtsp, vpx
  gstreamer1.0-plugins-bad    # webrtc, dtls, srtp, h264parse, x265enc
  gstreamer1.0-plugins-ugly   # x264enc: the picture of --demo; B-frames encoded anew
  gstreamer1.0-libav          # decoders of AAC, G.726, H.264 and H.265
  gstreamer1.0-nice           # webrtcbin asks for its elements
  gstreamer1.0-x              # pango: the clock in the picture of --demo
)

# Encrypts for many viewers at a time where the processor has AVX-512, AVX2 or SHA; for
# no other architecture, and optional.
if [[ $(uname -m) == x86_64 ]]; then
  build_packages+=(libipsec-mb-dev)
fi

# To make Debian packages of it (packaging/deb), besides the above. The names agree with
# packaging/debian/control, which tests/packaging looks at.
# shellcheck disable=SC2034
deb_packages=(
  dpkg-dev debhelper make
  libsrtp2-dev                # whepcast-bench
)

# To test it, besides the above. The clang runtime is chosen by
# clang_runtime_package, Node.js by node_packages.
# shellcheck disable=SC2034
test_packages=(
  ffmpeg                      # the foreign sender
  chromium                    # the browser
  firefox-esr                 # the other one; plays H.264 with ffmpeg's libavcodec
  python3-aiortc              # a WebRTC stack of its own, as viewer and publisher
  python3-gi gir1.2-gst-plugins-bad-1.0 # webrtcbin as a viewer
  clang                       # second compiler, libFuzzer
  shellcheck
  libsrtp2-dev                # the test viewer decrypts with foreign code
  mandoc man-db               # they read the manual pages,
  bash-completion zsh fish    # the completions,
  systemd dpkg-dev            # the unit and the changelog
  gstreamer1.0-tools gstreamer1.0-rtsp # a foreign publisher: rtspclientsink
  gstreamer1.0-libav          # its G.722 and G.726
  curl openssl
  iproute2 nftables procps
)

# proxy_packages: what stands between the server and its viewers in tests. Where
# systemd runs, Debian would start it as a service, which a test must not do to a
# machine; the tests start it by themselves.
proxy_packages ()
{
  [[ -d /run/systemd/system ]] || {
    echo nginx                # a reverse proxy
    echo caddy                # another, which only reads its sample
    echo coturn               # a TURN server
  }
}

# To compare it with others and to look into it (tests/bench), besides those.
# shellcheck disable=SC2034
bench_packages=(
  janus                       # its streaming plugin is what we are compared with
  curl iproute2 nftables util-linux # taskset
  linux-perf                  # tests/bench/run --profile
)

# has_package NAME: is it installed?
has_package ()
{
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null \
    | grep -qx installed
}

# apt_knows NAME: can it be installed from this machine's package lists?
apt_knows ()
{
  [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]
}

# install_missing WHY NAME...: install those that are not there, and nothing
# else. Says what it does; fails with the reason.
install_missing ()
{
  local why=$1 name
  local -a missing=() as_root=()
  shift

  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is not a Debian system (no dpkg and apt-get)." >&2
    echo "Install what stands in packaging/dependencies.sh by hand, then:" >&2
    echo "  meson setup build && ninja -C build && build/whepcast --state-dir build/state --demo" >&2
    return 1
  fi

  for name; do
    has_package "$name" || missing+=("$name")
  done
  ((${#missing[@]} > 0)) || return 0

  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "Packages are missing ($why), and there is no sudo. As root, run:" >&2
      echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi

  echo "==> Installing ($why): ${missing[*]}"
  # A broken third-party list must not stop us: the install below decides.
  "${as_root[@]}" apt-get update -q || echo "==> apt-get update failed; going on" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends "${missing[@]}" || {
    echo "apt-get could not install: ${missing[*]} (its reason is above)" >&2
    return 1
  }
}

# clang_runtime_package: the package with libFuzzer for the clang that is there
clang_runtime_package ()
{
  local version
  version=$(clang -dumpversion) || return
  echo "libclang-rt-${version%%.*}-dev"
}

# node_packages: what is missing of Node.js; nothing when there is an npm
node_packages ()
{
  command -v npm >/dev/null || echo npm
  command -v node >/dev/null || echo nodejs
}
