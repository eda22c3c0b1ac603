// Document numbers. Resident ID: GB 11643 (18 characters, ISO 7064 MOD 11-2 check character);
// the 15-digit form of before 1999 is converted, as in crates/domain.

import type { DocumentKind } from './wire'

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECKS = '10X98765432'

/** Check character of the first seventeen digits. */
export function residentCheck(seventeen: string): string {
  let sum = 0
  for (let i = 0; i < 17; i += 1) sum += Number(seventeen[i]) * (WEIGHTS[i] ?? 0)
  return CHECKS[sum % 11] ?? ''
}

function isDate(yyyymmdd: string): boolean {
  const [y, m, d] = [Number(yyyymmdd.slice(0, 4)), Number(yyyymmdd.slice(4, 6)), Number(yyyymmdd.slice(6))]
  const date = new Date(Date.UTC(y, m - 1, d))
  return y >= 1850 && date.getUTCFullYear() === y && date.getUTCMonth() === m - 1 && date.getUTCDate() === d
}

export type ResidentId = { ok: true; number: string } | { ok: false; why: 'shape' | 'check' }

/** Reads a resident ID number as scanned or typed. */
export function parseResidentId(raw: string): ResidentId {
  const text = raw.replace(/[\s-]/g, '').toUpperCase()
  if (/^\d{15}$/.test(text)) {
    const seventeen = `${text.slice(0, 6)}19${text.slice(6)}`
    if (!isDate(seventeen.slice(6, 14))) return { ok: false, why: 'shape' }
    return { ok: true, number: seventeen + residentCheck(seventeen) }
  }
  if (!/^\d{17}[\dX]$/.test(text)) return { ok: false, why: 'shape' }
  if (!isDate(text.slice(6, 14))) return { ok: false, why: 'check' }
  return residentCheck(text) === text[17] ? { ok: true, number: text } : { ok: false, why: 'check' }
}

/** Normal form of any document number, the one that digests are made of. */
export function normaliseDocument(kind: DocumentKind, raw: string): string | undefined {
  if (kind === 'resident_id') {
    const id = parseResidentId(raw)
    return id.ok ? id.number : undefined
  }
  const text = raw.replace(/[\s-]/g, '').toUpperCase()
  return /^[A-Z0-9]{5,24}$/.test(text) ? text : undefined
}

/** What a table may show of a number: never the whole. */
export function maskNumber(number: string): string {
  return `…${number.slice(-4)}`
}
