// Scanned codes. The same rules as crates/domain/src/kernel/code.rs and the same vectors
// (contract/vectors/codes.json): a code that a phone accepts is one that the server accepts.

export type CodeKind = 'tube' | 'box' | 'card' | 'household'
export type NotACode = 'shape' | 'check' | 'other_kind'
export type Parsed = { ok: true; code: string } | { ok: false; why: NotACode; found?: CodeKind }

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Upper case, trimmed, 6 to 32 characters `A-Z 0-9 -`; otherwise undefined. */
export function normalise(raw: string): string | undefined {
  const text = raw.trim().replace(/[a-z]/g, (c) => c.toUpperCase())
  return /^[A-Z0-9-]{6,32}$/.test(text) ? text : undefined
}

/** Luhn check digit (ISO/IEC 7812-1) of a string of decimal digits. */
export function luhn(digits: string): string {
  let sum = 0
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i])
    const value = i % 2 === 0 ? digit * 2 : digit
    sum += Math.floor(value / 10) + (value % 10)
  }
  return String((10 - (sum % 10)) % 10)
}

function check32(payload: string): string {
  let sum = 0
  for (let i = 0; i < payload.length; i += 1) sum += (i + 1) * CROCKFORD.indexOf(payload[i] ?? '0')
  return CROCKFORD[sum % 31] ?? '0'
}

/** Undefined: not such a label at all. False: the label, misread. */
function isLabel(text: string, prefix: string, digits: number): boolean | undefined {
  if (!new RegExp(`^${prefix}[0-9]{${digits + 1}}$`).test(text)) return undefined
  return luhn(text.slice(1, -1)) === text.at(-1)
}

function isSecret(text: string, prefix: string): boolean | undefined {
  if (text.length !== 18 || text[0] !== prefix) return undefined
  const rest = text.slice(1)
  if ([...rest].some((c) => !CROCKFORD.includes(c))) return undefined
  return check32(rest.slice(0, 16)) === rest[16]
}

function kindOf(text: string): CodeKind {
  if (isSecret(text, 'P') === true) return 'card'
  if (isSecret(text, 'H') === true) return 'household'
  if (isLabel(text, 'B', 8) === true) return 'box'
  return 'tube'
}

/** Reads a tube's barcode: ours (checked) or a foreign one (shape only). */
export function parseTube(raw: string): Parsed {
  const text = normalise(raw)
  if (text === undefined) return { ok: false, why: 'shape' }
  if (isLabel(text, 'T', 9) === false) return { ok: false, why: 'check' }
  const found = kindOf(text)
  return found === 'tube' ? { ok: true, code: text } : { ok: false, why: 'other_kind', found }
}

function strict(raw: string, verdict: (text: string) => boolean | undefined): Parsed {
  const text = normalise(raw)
  if (text === undefined) return { ok: false, why: 'shape' }
  const fits = verdict(text)
  if (fits === true) return { ok: true, code: text }
  return fits === false ? { ok: false, why: 'check' } : { ok: false, why: 'other_kind', found: kindOf(text) }
}

/** Reads a box's barcode: only our own labels are boxes. */
export const parseBox = (raw: string): Parsed => strict(raw, (text) => isLabel(text, 'B', 8))

/** Reads a person's code. */
export const parseCard = (raw: string): Parsed => strict(raw, (text) => isSecret(text, 'P'))

/** Reads a family's code. */
export const parseHousehold = (raw: string): Parsed => strict(raw, (text) => isSecret(text, 'H'))

/** The tube label with this serial number. */
export function tubeFromSerial(serial: number): string {
  const digits = String(serial % 1_000_000_000).padStart(9, '0')
  return `T${digits}${luhn(digits)}`
}

/** The box label with this serial number. */
export function boxFromSerial(serial: number): string {
  const digits = String(serial % 100_000_000).padStart(8, '0')
  return `B${digits}${luhn(digits)}`
}

/** A card (`P`) or household (`H`) code from ten random bytes. */
export function secretFromRandom(prefix: 'P' | 'H', random: Uint8Array): string {
  let bits = 0n
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte)
  let payload = ''
  for (let i = 15n; i >= 0n; i -= 1n) payload += CROCKFORD[Number((bits >> (i * 5n)) & 31n)] ?? '0'
  return `${prefix}${payload}${check32(payload)}`
}
