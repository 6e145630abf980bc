# SPDX-License-Identifier: MIT
#
# awk -f keys.awk -v version=V -v docdir=DIR whepcast.conf.sample whepcast.conf.5.in
#
# Writes whepcast.conf(5): the template, with what the commented sample says of each
# group and key in place of the line @keys@. The sample in its turn is tested
# against the program's table of keys. A paragraph of the sample is comments, and then
# a [group], a key=value, or nothing; what can be commented out may be.

function escape(text)
{
  gsub (/\\/, "\\e", text)
  gsub (/-/, "\\-", text)
  return text
}

# In lines of less than 80 characters; one must not begin with . or '
function add_text(text,    words, n, i, line)
{
  n = split (escape(text), words, / +/)
  line = ""
  for (i = 1; i <= n; i++) {
    if (line != "" && length (line) + 1 + length (words[i]) > 78) {
      add(line)
      line = ""
    }
    if (line == "" && words[i] ~ /^[.']/)
      words[i] = "\\&" words[i]
    line = line (line == "" ? "" : " ") words[i]
  }
  if (line != "")
    add(line)
}

function add(line)
{
  keys = keys line "\n"
}

function end_paragraph(    parts)
{
  if (head ~ /^\[/) {
    group = head
    add(".SS " escape(head))
    add_text(comment)
  } else if (head != "") {
    key = head
    sub (/=.*/, "", key)
    value = substr (head, length (key) + 2)
    add(".TP")
    add("\\fB" escape(key) "\\fR=\\fI" escape(value) "\\fR")
    # The kind, for example, is there for each kind of mountpoint.
    if (comment == "" || comment == told[key]) {
      add_text("As above.")
    } else {
      split (comment, parts, / Allowed: /)
      add_text(parts[1])
      if (parts[2] != "") {
        add(".br")
        add_text("Allowed: " parts[2] ".")
      }
      told[key] = comment
    }
    n_keys++
  } else if (comment != "" && group != "") {
    add(".PP")
    add_text(comment)
  }
  head = comment = ""
}

BEGIN {
  sample = ARGV[1]
}

FILENAME == sample && /^$/ {
  end_paragraph()
  next
}

FILENAME == sample && /^#? ?$/ {
  next
}

FILENAME == sample && /^# / {
  # A group or key with a line right behind it has no blank line between.
  if (head != "")
    end_paragraph()
  comment = comment (comment == "" ? "" : " ") substr ($0, 3)
  next
}

FILENAME == sample {
  if (head != "")
    end_paragraph()
  head = $0
  sub (/^#/, "", head)
  next
}

FNR == 1 {
  end_paragraph()
}

/^@keys@$/ {
  printf "%s", keys
  next
}

{
  gsub (/@version@/, version)
  gsub (/@docdir@/, docdir)
  print
}

END {
  if (n_keys == 0) {
    print "keys.awk: the sample has no key" > "/dev/stderr"
    exit 1
  }
}
