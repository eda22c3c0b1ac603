// Keys that never leave the device: AES-GCM for what is at rest, ECDSA P-256 for hand-overs.
// All are non-extractable; erasing a roster also erases the key it was sealed with.

import { fromUtf8, toBase64Url, utf8 } from './bytes'
import type { Bytes } from './bytes'
import type { FieldDb } from './database'

export interface Sealed {
  iv: Bytes
  data: ArrayBuffer
}

const DEVICE_KEYS = 'device'

/** Gets a named AES key, making it on first use. Two tabs that race agree on the stored one. */
async function aesKey(db: FieldDb, name: string): Promise<CryptoKey> {
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const tx = db.transaction('keys', 'readwrite')
  const stored = await tx.store.get(name)
  if (stored === undefined) await tx.store.put(fresh, name)
  await tx.done
  return (stored as CryptoKey | undefined) ?? fresh
}

/** Seals JSON values; `context` says what a value is, and opening it as something else fails. */
export class Vault {
  private constructor(private readonly key: CryptoKey) {}

  static async open(db: FieldDb, name: string): Promise<Vault> {
    return new Vault(await aesKey(db, name))
  }

  /** Forgets the key: what it sealed can never be read again. */
  static async destroy(db: FieldDb, name: string): Promise<void> {
    await db.delete('keys', name)
  }

  async seal(value: unknown, context: string): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const algorithm = { name: 'AES-GCM', iv, additionalData: utf8(context) }
    return { iv, data: await crypto.subtle.encrypt(algorithm, this.key, utf8(JSON.stringify(value))) }
  }

  async unseal<T>(sealed: Sealed, context: string): Promise<T> {
    const algorithm = { name: 'AES-GCM', iv: sealed.iv, additionalData: utf8(context) }
    const plain = await crypto.subtle.decrypt(algorithm, this.key, sealed.data)
    return JSON.parse(fromUtf8(new Uint8Array(plain))) as T
  }
}

export interface DeviceKeys {
  sign: CryptoKey
  /** Uncompressed point, base64url: what enrolment sends to the server. */
  publicKey: string
}

/** The device's signing key, made here and only here. */
export async function deviceKeys(db: FieldDb): Promise<DeviceKeys> {
  const fresh = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const tx = db.transaction('keys', 'readwrite')
  const stored = (await tx.store.get(DEVICE_KEYS)) as CryptoKeyPair | undefined
  if (stored === undefined) await tx.store.put(fresh, DEVICE_KEYS)
  await tx.done
  const pair = stored ?? fresh
  const point = await crypto.subtle.exportKey('raw', pair.publicKey)
  return { sign: pair.privateKey, publicKey: toBase64Url(new Uint8Array(point)) }
}
