// Tubes whose clock runs out, and what a courier carries: asked of the server whenever there is network. What was
// heard last stays on the screen without it.
import type { Schemas } from '@allclear/contract'
import { useHttp } from '@allclear/kit'
import { onScopeDispose, shallowRef } from 'vue'
import { useBook } from './book'

export type Alert = Schemas['ClockAlert']
export type Carried = Schemas['CarriedBox']

/** Who answers for clocks and boxes on the way. Others are not asked about: their refusal would say nothing. */
const ANSWER_FOR_CLOCKS = ['courier', 'site_lead']

/** An alert must be known within a minute. */
const ASK_MS = 30_000
const alerts = shallowRef<Alert[]>([])
const carried = shallowRef<Carried[]>([])
/** Alerts that were told with a sound: once a tube and level. */
const told = new Set<string>()
let listener: ((fresh: Alert[]) => void) | undefined
let timer: ReturnType<typeof setInterval> | undefined

/** Those of `list` that are new, each once. Pure but for the memory it is given. */
export function news<T extends Pick<Alert, 'tube' | 'level'>>(list: readonly T[], memory: Set<string>): T[] {
  const fresh = list.filter((alert) => !memory.has(`${alert.tube}/${alert.level}`))
  for (const alert of fresh) memory.add(`${alert.tube}/${alert.level}`)
  return fresh
}

/** What is known; whoever gives `heard` keeps it fresh and is told of what is new. */
export function useClocks(heard?: (fresh: Alert[]) => void) {
  const http = useHttp()
  const { field } = useBook()
  if (!heard) return { alerts, carried }
  async function ask() {
    const { token, roles = [] } = field.identity ?? {}
    if (token === undefined || !roles.some((role) => ANSWER_FOR_CLOCKS.includes(role)) || !navigator.onLine) return
    const [late, boxes] = await Promise.all([
      http.get('/clock-alerts', { token }).catch(() => undefined),
      http.get('/carried', { token }).catch(() => undefined),
    ])
    if (boxes) carried.value = boxes
    if (!late) return
    alerts.value = late
    const fresh = news(late, told)
    if (fresh.length > 0) listener?.(fresh)
  }
  listener = heard
  clearInterval(timer)
  timer = setInterval(() => void ask(), ASK_MS)
  void ask()
  onScopeDispose(() => {
    clearInterval(timer)
    listener = undefined
  })
  return { alerts, carried }
}
