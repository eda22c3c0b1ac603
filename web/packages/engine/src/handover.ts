// Hand-over of boxes between two phones without network. Each side shows a signed statement as a QR
// code, the other side keeps it as it stood, and the server joins and verifies the halves.
//
// Text:      ACH1.<base64url(canonical JSON)>.<base64url(signature)>
// Signed:    the ASCII bytes of everything before the last dot
// Signature: ES256, ECDSA P-256 with SHA-256, 64 bytes r || s
// JSON:      keys sorted, no white space, UTF-8; exactly the seven members below
// Vectors:   contract/vectors/handover.json, verified here and in Rust

import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes'
import { parseBox } from './codes'
import type { HandOverSide } from './wire'

export interface Statement {
  v: 1
  /** Id of the hand-over, made by the giver. */
  handover: string
  side: HandOverSide
  /** Box codes, sorted. */
  boxes: string[]
  /** Device that signs. */
  device: string
  /** The device's clock, RFC 3339 UTC. */
  at: string
  /** Where to; the giver says it, the taker's is null. */
  destination: string | null
}

/** A QR code that a tired phone still reads at arm's length holds about this many boxes. */
export const HANDOVER_BOXES_MAX = 30
const PREFIX = 'ACH1'
/** Characters of a statement: thirty boxes and a long destination, with room. */
export const HANDOVER_TEXT_MAX = 2200
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/
const ES256 = { name: 'ECDSA', hash: 'SHA-256' }

export const isHandOverText = (text: string): boolean => text.startsWith(`${PREFIX}.`) && text.length <= HANDOVER_TEXT_MAX

/** Canonical JSON of a statement: members in alphabetical order. */
export function canonical(s: Statement): string {
  const { at, boxes, destination, device, handover, side, v } = s
  return JSON.stringify({ at, boxes: [...boxes].sort(), destination, device, handover, side, v })
}

/** Signs a statement with the device's key. */
export async function sign(statement: Statement, key: CryptoKey): Promise<string> {
  const body = `${PREFIX}.${toBase64Url(utf8(canonical(statement)))}`
  const signature = await crypto.subtle.sign(ES256, key, utf8(body))
  return `${body}.${toBase64Url(new Uint8Array(signature))}`
}

/** Reads a statement without judging its signature (a phone does not know the other's key). */
export function read(text: string): Statement | undefined {
  const [prefix, body, signature, more] = text.trim().split('.')
  if (prefix !== PREFIX || body === undefined || signature === undefined || more !== undefined) return undefined
  if (text.length > HANDOVER_TEXT_MAX || fromBase64Url(signature)?.length !== 64) return undefined
  const bytes = fromBase64Url(body)
  if (bytes === undefined) return undefined
  try {
    const json = fromUtf8(bytes)
    const value: unknown = JSON.parse(json)
    return isStatement(value) && canonical(value) === json ? value : undefined
  } catch {
    return undefined
  }
}

function isStatement(value: unknown): value is Statement {
  if (typeof value !== 'object' || value === null) return false
  const s = value as Record<string, unknown>
  return (
    s['v'] === 1 &&
    typeof s['handover'] === 'string' &&
    UUID.test(s['handover']) &&
    typeof s['device'] === 'string' &&
    UUID.test(s['device']) &&
    (s['side'] === 'giver' || s['side'] === 'taker') &&
    typeof s['at'] === 'string' &&
    INSTANT.test(s['at']) &&
    (s['destination'] === null || typeof s['destination'] === 'string') &&
    Array.isArray(s['boxes']) &&
    s['boxes'].length > 0 &&
    s['boxes'].every((b) => typeof b === 'string' && parseBox(b).ok)
  )
}

/** Verifies the signature with the signer's public key (uncompressed point, base64url). */
export async function verify(text: string, publicKey: string): Promise<boolean> {
  const point = fromBase64Url(publicKey)
  const dot = text.lastIndexOf('.')
  const signature = fromBase64Url(text.slice(dot + 1))
  if (point === undefined || signature === undefined || dot < 0 || read(text) === undefined) return false
  const key = await crypto.subtle.importKey('raw', point, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
  return crypto.subtle.verify(ES256, key, signature, utf8(text.slice(0, dot)))
}
