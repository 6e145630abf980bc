// SPDX-License-Identifier: MIT
//
// The fields of the mountpoint form: each is an element with `value()` and what
// the server has to be sent for it. Made from the table in mountpoint-kinds.js.

import { make } from './parts.js';

let lastId = 0;

/** Of what a token is made here: 128 bits, and nothing a shell would touch. */
function randomToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function option(value, text = value) {
  const node = document.createElement('option');
  node.value = value;
  node.textContent = text;
  return node;
}

/** Label, control, help: tied together for those who do not see them. */
function frame(spec, control, ...beside) {
  const root = make('div', `form-field ${spec.type ?? ''}`.trim());
  lastId += 1;
  control.id = `field-${lastId}`;
  control.name = spec.name;
  const label = make('label', '', spec.unit ? `${spec.label} (${spec.unit})` : spec.label);
  label.htmlFor = control.id;
  if (spec.type === 'switch') {
    root.append(control, label);
  } else {
    const line = make('div', 'field');
    line.append(control, ...beside);
    root.append(label, line);
  }
  if (spec.help) {
    const help = make('p', 'help', spec.help);
    help.id = `${control.id}-help`;
    control.setAttribute('aria-describedby', help.id);
    root.append(help);
  }
  return root;
}

function input(spec, type) {
  const control = make('input', '');
  control.type = type;
  control.required = spec.required ?? false;
  control.placeholder = spec.placeholder ?? '';
  control.autocomplete = 'off';
  control.spellcheck = false;
  control.setAttribute('autocapitalize', 'none');
  if (spec.pattern) {
    control.pattern = spec.pattern;
    control.title = spec.help ?? '';
  }
  return control;
}

function textField(spec, given) {
  const control = input(spec, 'text');
  control.value = given ?? '';
  return { root: frame(spec, control), control, value: () => control.value.trim() };
}

/** What there is reads `***`, and stays unless something else is written. Tokens that
 * are ours to choose are told to others: they are shown while they are written. */
function secretField(spec, given) {
  const isOurs = !['password', 'source_token'].includes(spec.name);
  const control = input(spec, isOurs ? 'text' : 'password');
  control.value = given ?? '';
  const maker = make('button', 'plain', 'Make one');
  maker.type = 'button';
  maker.hidden = !isOurs;
  maker.setAttribute('aria-label', `Make a random ${spec.label.toLowerCase()}`);
  maker.addEventListener('click', () => {
    control.value = randomToken();
    control.focus();
  });
  const help = given ? `*** is the present one, which is not shown. ${spec.help ?? ''}` : spec.help;
  return {
    root: frame({ ...spec, help }, control, maker), control, value: () => control.value.trim(),
  };
}

function numberField(spec, given) {
  const control = input(spec, 'number');
  Object.assign(control, { min: spec.min, max: spec.max, step: spec.step ?? 1, required: true });
  control.value = String(given ?? spec.fallback);
  return { root: frame(spec, control), control, value: () => Number(control.value) };
}

function switchField(spec, given) {
  const control = make('input', '');
  control.type = 'checkbox';
  control.checked = given ?? spec.fallback;
  return { root: frame(spec, control), control, value: () => control.checked };
}

function choiceField(spec, given) {
  const control = make('select', '');
  control.append(...spec.options.map((name) => option(name)));
  control.value = given ?? spec.fallback;
  return { root: frame(spec, control), control, value: () => control.value };
}

function areaField(spec, given) {
  const control = make('textarea', '');
  Object.assign(control, {
    rows: 3, spellcheck: false, required: spec.required ?? false,
    placeholder: spec.placeholder ?? '', value: given ?? '',
  });
  return { root: frame(spec, control), control, value: () => control.value.trim() };
}

// --- sources of a fail-over ----------------------------------------------------

const lineOfSource = (source) => source.mountpoint ?? source.url
  ?? `(${source.kind}, as it is)`;

/** What stands in a line: what was there before is sent as it was read. */
function sourceOfLine(line, former) {
  const known = former.find((source) => lineOfSource(source) === line);
  if (known) {
    const { state, reason, playing, since, tracks, ...spec } = known;
    return spec.kind === 'rtp' ? { ...spec, tracks } : spec;
  }
  if (/^rtsps?:/i.test(line)) {
    return { kind: 'rtsp', url: line };
  }
  return /^https?:/i.test(line) ? { kind: 'whep', url: line } : { mountpoint: line };
}

function sourcesField(spec, given) {
  const former = given ?? [];
  const field = areaField(spec, former.map(lineOfSource).join('\n'));
  return {
    ...field,
    value: () => field.control.value.split('\n').map((line) => line.trim()).filter(Boolean)
      .map((line) => sourceOfLine(line, former)),
  };
}

// --- a track of plain RTP --------------------------------------------------------

/** What a track has besides and the form does not show: it belongs to the codec. */
const CODEC_KEYS = ['clock_rate', 'channels', 'fmtp'];

/** Where packets are taken from; most want none of it. */
const RECEPTION = [
  { name: 'address', label: 'Listen on', placeholder: '0.0.0.0' },
  { name: 'interface', label: 'Interface', placeholder: 'as routed' },
  { name: 'source', label: 'Only from', placeholder: 'anybody' },
];

function trackField(spec, given, isNew) {
  const codec = make('select', '');
  codec.append(option('', 'none'), ...spec.codecs.map((name) => option(name)));
  if (given && !spec.codecs.includes(given.codec)) {
    codec.append(option(given.codec));
  }
  codec.value = given?.codec ?? (isNew ? spec.codecs[0] : '');
  const port = input({ placeholder: 'any free' }, 'number');
  Object.assign(port, { min: 0, max: 65535, value: given?.port ? String(given.port) : '' });
  const payloadType = input({ placeholder: 'as it comes' }, 'number');
  Object.assign(payloadType, {
    min: 0, max: 127, value: String(given?.payload_type ?? (isNew ? spec.payloadType : '')),
  });
  const reception = receptionFields(spec, given);
  const root = make('fieldset', 'form-track form-grid');
  root.append(make('legend', '', spec.label),
    frame({ name: `${spec.media}-codec`, label: 'Codec' }, codec),
    frame({ name: `${spec.media}-port`, label: 'UDP port' }, port),
    frame({ name: `${spec.media}-pt`, label: 'Payload type' }, payloadType), reception.root);
  const sync = () => {
    [port, payloadType, ...reception.controls].forEach((control) => {
      control.disabled = codec.value === '';
    });
  };
  codec.addEventListener('change', sync);
  sync();
  return {
    root, control: codec, spec,
    value: () => codec.value === '' ? null : {
      ...(given?.codec === codec.value ? pick(given, CODEC_KEYS) : {}),
      ...(Number(port.value) === given?.port ? pick(given, ['rtcp_port']) : {}),
      media: spec.media, codec: codec.value, ...reception.value(),
      ...(port.value ? { port: Number(port.value) } : {}),
      ...(payloadType.value ? { payload_type: Number(payloadType.value) } : {}),
    },
  };
}

/** Open where something of it was chosen. */
function receptionFields(spec, given) {
  const root = make('details', 'form-reception');
  const shown = RECEPTION.map((one) => {
    const control = input(one, 'text');
    control.value = one.placeholder === given?.[one.name] ? '' : given?.[one.name] ?? '';
    return { ...one, control };
  });
  root.open = shown.some(({ control }) => control.value !== '');
  const fields = make('div', 'form-grid');
  fields.append(...shown.map(({ control, ...one }) =>
    frame({ ...one, name: `${spec.media}-${one.name}` }, control)));
  root.append(make('summary', '', 'Multicast, allowed sender'), fields);
  return {
    root, controls: shown.map(({ control }) => control),
    value: () => Object.fromEntries(shown.filter(({ control }) => control.value.trim())
      .map(({ name, control }) => [name, control.value.trim()])),
  };
}

const pick = (track, keys) => Object.fromEntries(keys
  .filter((key) => track[key] !== undefined && track[key] !== null)
  .map((key) => [key, track[key]]));

const MAKERS = {
  secret: secretField, number: numberField, switch: switchField, choice: choiceField,
  text: areaField, sources: sourcesField,
};

/** @param {object|null} item the mountpoint that is edited; null: a new one */
export function makeField(spec, item) {
  if (spec.type === 'track') {
    const given = item?.tracks?.find(({ media }) => media === spec.media);
    return { ...trackField(spec, given, !item), name: spec.name };
  }
  const maker = MAKERS[spec.type] ?? textField;
  return { ...maker(spec, item?.[spec.name]), name: spec.name, spec };
}
