// What did we just scan? One answer for camera, keyboard-wedge scanner and typing.

import { parseBox, parseCard, parseHousehold, parseTube } from './codes'
import type { CodeKind } from './codes'
import { parseResidentId } from './documents'
import { isHandOverText } from './handover'

export type Scan =
  | { kind: CodeKind; code: string; raw: string }
  | { kind: 'resident_id'; number: string; raw: string }
  | { kind: 'handover'; text: string; raw: string }
  | { kind: 'enrolment'; code: string; raw: string }
  | { kind: 'misread'; raw: string }
  | { kind: 'unknown'; raw: string }

function enrolmentCode(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return undefined
  try {
    const url = new URL(text)
    const inHash = url.hash.includes('?') ? new URLSearchParams(url.hash.slice(url.hash.indexOf('?'))) : undefined
    return url.searchParams.get('code') ?? inHash?.get('code') ?? undefined
  } catch {
    return undefined
  }
}

/** A link on a person's card or phone may carry the code as its last part. */
function innerCode(text: string): string {
  return /^https?:\/\//i.test(text)
    ? (text
        .split(/[/=#?&]/)
        .filter(Boolean)
        .at(-1) ?? text)
    : text
}

/** Tells what a scan is. An 18-character number with a fitting check character is an ID card. */
export function classify(raw: string): Scan {
  const text = raw.trim()
  if (isHandOverText(text)) return { kind: 'handover', text, raw }
  const enrolment = enrolmentCode(text)
  const inner = innerCode(text)
  for (const [kind, parse] of [
    ['card', parseCard],
    ['household', parseHousehold],
    ['box', parseBox],
  ] as const) {
    const parsed = parse(inner)
    if (parsed.ok) return { kind, code: parsed.code, raw }
    // A label of ours with a wrong check character is a misread, never a foreign tube.
    if (parsed.why === 'check') return { kind: 'misread', raw }
  }
  if (enrolment !== undefined) return { kind: 'enrolment', code: enrolment, raw }
  const resident = parseResidentId(text)
  if (resident.ok) return { kind: 'resident_id', number: resident.number, raw }
  if (resident.why === 'check') return { kind: 'misread', raw }
  const tube = parseTube(text)
  if (tube.ok) return { kind: 'tube', code: tube.code, raw }
  return { kind: tube.why === 'check' ? 'misread' : 'unknown', raw }
}
