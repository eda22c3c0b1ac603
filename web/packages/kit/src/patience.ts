// A look that a busy server turned away is tried once more, after as long as the server said and a random time more, so
// that the desks of a city do not come back at one moment. What changes something is never sent again by itself.

/** A longer wait is shown to the person, who decides. */
const WAIT_MAX_S = 10

export function waitMs(header: string | null, chance: number): number | undefined {
  const seconds = Number(header ?? Number.NaN)
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > WAIT_MAX_S) return undefined
  return seconds * 1000 * (1 + chance / 2)
}

const pause = (ms: number, signal: AbortSignal | null | undefined) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(new DOMException('the page is gone', 'AbortError'))
    })
  })

export function patient(doFetch: typeof fetch, random: () => number = Math.random): typeof fetch {
  return async (input, init) => {
    const response = await doFetch(input, init)
    if (response.status !== 503 || (init?.method ?? 'GET') !== 'GET') return response
    const ms = waitMs(response.headers.get('Retry-After'), random())
    if (ms === undefined) return response
    await pause(ms, init?.signal)
    return doFetch(input, init)
  }
}
