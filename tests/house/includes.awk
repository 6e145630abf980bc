# SPDX-License-Identifier: MIT
#
# Prints each #include of src/ that goes against the house:
#   main -> server -> http -> {access, stats} -> mountpoint -> ingest -> peer
#        -> engine -> {sdp, config} -> base
# A layer may include itself and every one of a lower rank; engine, of the
# house, only base. Run in the root of the source tree, on files of src/.

BEGIN {
  rank["main"] = 10
  rank["server"] = 9
  rank["http"] = 8
  rank["access"] = 7
  rank["stats"] = 7
  rank["mountpoint"] = 6
  rank["ingest"] = 5
  rank["peer"] = 4
  rank["engine"] = 3
  rank["sdp"] = 2
  rank["config"] = 2
  rank["base"] = 1
}

FNR == 1 {
  n_parts = split (FILENAME, part, "/")
  layer = n_parts > 2 ? part[2] : "main"
  if (!(layer in rank))
    print FILENAME ": " layer " is not a layer of the house"
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
  path = $0
  sub (/^[^"<]*["<]/, "", path)
  sub (/[">].*/, "", path)
  quoted = $0 ~ /^[ \t]*#[ \t]*include[ \t]*"/
  where = FILENAME ":" FNR ": includes " path

  if (path ~ /(^|\/)\.\.?\//) {
    print where ", which climbs: name the layer"
    next
  }
  target = path
  if (!sub (/\/.*/, "", target))
    target = quoted ? layer : ""

  if (target in rank) {
    if (!allowed(layer, target))
      print where ", but " layer " may not include " target
  } else if (quoted) {
    print where ", but " target " is not a layer of the house"
  } else if (rank[layer] <= rank["engine"] && target ~ /^(gst|libsoup)$/) {
    print where ", but " layer " knows neither GStreamer nor libsoup"
  } else if (path ~ /^(stun|nice)\// && FILENAME ~ /^src\/engine\// \
             && FILENAME !~ /^src\/engine\/stun/) {
    print where ", which is for engine/stun alone"
  }
}

function allowed(from, to)
{
  if (from == to)
    return 1
  if (from == "engine")
    return to == "base"
  return rank[from] > rank[to]
}
