// Time, chance and waiting are arguments, so that a story can bend them.

export interface World {
  /** The device's clock, milliseconds since 1970. */
  now(): number
  /** Fills with random bytes. */
  fill(bytes: Uint8Array<ArrayBuffer>): void
  /** Whether the device believes it has a network. */
  online(): boolean
}

export const deviceWorld: World = {
  now: () => Date.now(),
  fill: (bytes) => {
    crypto.getRandomValues(bytes)
  },
  online: () => (typeof navigator === 'undefined' ? true : navigator.onLine !== false),
}

/** RFC 3339 UTC with milliseconds. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString()

/** Makes UUIDv7 ids that never run backwards, also when the device's clock does. */
export function idMaker(world: World): () => string {
  let last = 0
  let counter = 0
  return () => {
    const bytes = new Uint8Array(16)
    world.fill(bytes)
    const now = world.now()
    if (now > last) {
      last = now
      counter = (((bytes[6] ?? 0) & 0x07) << 8) | (bytes[7] ?? 0)
    } else {
      counter += 1
      if (counter > 0xfff) {
        last += 1
        counter = 0
      }
    }
    let ms = last
    for (let i = 5; i >= 0; i -= 1) {
      bytes[i] = ms % 256
      ms = Math.floor(ms / 256)
    }
    bytes[6] = 0x70 | (counter >> 8)
    bytes[7] = counter & 0xff
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
    const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
