import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, defineComponent, h, ref } from 'vue'
import { createHttp } from './http'
import { RETRY_MS, useLive } from './live'
import { installSession } from './session'

/** The browser's event stream, in the test's hands. */
class Stream extends EventTarget {
  static opened: Stream[] = []
  closed = false
  constructor(readonly url: string) {
    super()
    Stream.opened.push(this)
  }
  close() {
    this.closed = true
  }
  say(type: string, data?: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }))
  }
  static get last() {
    return Stream.opened.at(-1) as Stream
  }
}

function watchScreen() {
  let live: ReturnType<typeof useLive> | undefined
  const round = ref<string | undefined>()
  const app = createApp(
    defineComponent(() => {
      live = useLive(round)
      return () => h('div')
    }),
  )
  const { session } = installSession(app)
  return { app, session, round, mount: () => app.mount(document.createElement('div')), live: () => live as ReturnType<typeof useLive> }
}

beforeEach(() => {
  vi.useFakeTimers()
  Stream.opened = []
  vi.stubGlobal('EventSource', Stream)
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify({ grants: [] }), { status: 200 }))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function signedIn() {
  const screen = watchScreen()
  await screen.session.refresh()
  screen.mount()
  return screen
}

describe('the live feed', () => {
  it('asks for nothing before anybody is signed in', () => {
    const screen = watchScreen()
    screen.mount()
    expect(Stream.opened).toEqual([])
  })

  it('keeps the last frame and says how old it is when the line breaks, then tries again', async () => {
    const { live } = await signedIn()
    Stream.last.say('frame', { as_of: 'then' })
    expect([live().link.value, live().frame.value?.as_of]).toEqual(['live', 'then'])
    Stream.last.dispatchEvent(new Event('error'))
    expect([live().link.value, live().frame.value?.as_of, Stream.last.closed]).toEqual(['lost', 'then', true])
    await vi.advanceTimersByTimeAsync(3000)
    expect(live().silentFor.value).toBeGreaterThanOrEqual(2)
    expect(Stream.opened.length).toBeGreaterThan(1)
    Stream.last.say('frame', { as_of: 'now' })
    expect([live().link.value, live().frame.value?.as_of]).toEqual(['live', 'now'])
  })

  it('knocks more slowly the longer nobody answers', async () => {
    await signedIn()
    const times: number[] = []
    let seen = Stream.opened.length
    const began = Date.now()
    Stream.last.dispatchEvent(new Event('error'))
    while (times.length < RETRY_MS.length) {
      await vi.advanceTimersByTimeAsync(100)
      if (Stream.opened.length === seen) continue
      seen = Stream.opened.length
      times.push(Date.now() - began)
      Stream.last.dispatchEvent(new Event('error'))
    }
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0))
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b))
    expect(gaps.at(-1)).toBeGreaterThan(9000)
  })

  it('takes a long silence for a broken line', async () => {
    const { live } = await signedIn()
    Stream.last.say('frame', { as_of: 'then' })
    await vi.advanceTimersByTimeAsync(31_000)
    expect(live().link.value).toBe('lost')
  })

  it('asks for another round when one is chosen', async () => {
    const { round } = await signedIn()
    round.value = 'r2'
    await vi.advanceTimersByTimeAsync(0)
    expect(Stream.last.url).toBe(createHttp().url('/live/stream', { query: { round: 'r2' } }))
  })
})
