import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { patient, waitMs } from './patience'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A server that is busy so often, then answers. */
function busy(times: number, retryAfter: string | null = '5') {
  let asked = 0
  const headers = new Headers(retryAfter === null ? {} : { 'Retry-After': retryAfter })
  const doFetch = async () => {
    asked += 1
    return asked <= times ? new Response('{}', { status: 503, headers }) : new Response('{}')
  }
  return { asked: () => asked, ask: patient(doFetch as typeof fetch, () => 0.5) }
}

describe('a look at a busy server', () => {
  it('is tried once more, not before the server said and a random time later', async () => {
    const server = busy(1)
    const answer = server.ask('/x')
    await vi.advanceTimersByTimeAsync(6_249)
    expect(server.asked()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect([(await answer).status, server.asked()]).toEqual([200, 2])
  })

  it('is given up after the second time', async () => {
    const server = busy(9)
    const answer = server.ask('/x')
    await vi.advanceTimersByTimeAsync(60_000)
    expect([(await answer).status, server.asked()]).toEqual([503, 2])
  })

  it('ends with its page', async () => {
    const server = busy(1)
    const leaving = new AbortController()
    const answer = server.ask('/x', { signal: leaving.signal }).catch((error: unknown) => (error as Error).name)
    await vi.advanceTimersByTimeAsync(100)
    leaving.abort()
    expect([await answer, server.asked()]).toEqual(['AbortError', 1])
  })

  it('is not tried again when it changes something or when nothing says when', async () => {
    const changing = busy(1)
    expect((await changing.ask('/x', { method: 'POST' })).status).toBe(503)
    const silent = busy(1, null)
    expect((await silent.ask('/x')).status).toBe(503)
    expect([changing.asked(), silent.asked()]).toEqual([1, 1])
  })

  it('waits only as long as a person would', () => {
    const waits = ['1', '10', '11', '0', '-1', 'x', null].map((header) => waitMs(header, 0))
    expect(waits).toEqual([1_000, 10_000, undefined, undefined, undefined, undefined, undefined])
    expect(waitMs('10', 1)).toBe(15_000)
  })
})
