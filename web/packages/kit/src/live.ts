// The live feed: the newest frame, and honestly how old it is. A broken connection keeps the last
// frame on screen with its age and tries again, at first quickly, then every ten seconds.
import type { Schemas } from '@allclear/contract'
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { useHttp, useSession } from './session'

export type LiveFrame = Schemas['LiveFrame']
export type Link = 'connecting' | 'live' | 'lost'

export const RETRY_MS = [500, 1000, 2000, 5000, 10000] as const
/** The server says something at least this often; silence for longer is a lost connection. */
const SILENCE_MS = 10_000

export function useLive(round: Ref<string | undefined>) {
  const http = useHttp()
  const session = useSession()
  const frame = shallowRef<LiveFrame>()
  const link = ref<Link>('connecting')
  const heardAt = ref(Date.now())
  const now = ref(Date.now())
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let tries = 0

  function heard() {
    heardAt.value = Date.now()
    link.value = 'live'
    tries = 0
  }

  function close() {
    source?.close()
    source = undefined
    clearTimeout(retry)
  }

  function again() {
    close()
    link.value = frame.value ? 'lost' : 'connecting'
    const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 10_000
    tries += 1
    // Every screen of a city loses its server at the same moment and must not come back at the same one.
    const spread = wait * (1 + Math.random() / 2)
    retry = setTimeout(() => {
      // An ended session looks like a broken stream: ask before knocking again.
      session.refresh().then(open, open)
    }, spread)
  }

  function open() {
    close()
    if (!session.signedIn.value) return
    source = new EventSource(http.url('/live/stream', { query: { round: round.value } }))
    source.addEventListener('open', heard)
    source.addEventListener('ping', heard)
    source.addEventListener('frame', (event) => {
      heard()
      frame.value = JSON.parse((event as MessageEvent<string>).data) as LiveFrame
    })
    source.addEventListener('error', again)
  }

  const ticker = setInterval(() => {
    now.value = Date.now()
    if (link.value === 'live' && now.value - heardAt.value > SILENCE_MS) again()
  }, 1000)
  watch([round, session.signedIn], open, { immediate: true })
  onScopeDispose(() => {
    clearInterval(ticker)
    close()
  })

  return {
    frame,
    link,
    now,
    /** Seconds since anything was heard; what the screen shows may be that old. */
    silentFor: computed(() => Math.max(0, (now.value - heardAt.value) / 1000)),
  }
}
