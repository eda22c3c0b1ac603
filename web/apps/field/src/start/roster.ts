// Loading what a shift needs from the server, under the device's token.
import { useAct, useHttp } from '@allclear/kit'
import { onScopeDispose } from 'vue'
import { useBook } from '../book'

export function useShiftApi() {
  const http = useHttp()
  const { field } = useBook()
  const token = () => field.identity?.token
  return {
    sites: async () => (await http.get('/sites', { token: token() })).rows,
    shift: (site: string) => http.get('/field/shift', { query: { site }, token: token() }),
    roster: (site: string) => http.get('/field/roster', { query: { site }, token: token() }),
  }
}

const NEWS_MS = 60_000

/** Asks every minute whether the place still takes people, and with which tubes. Without network the last word stands. */
export function useShiftNews() {
  const { field } = useBook()
  const api = useShiftApi()
  const ask = async () => {
    const site = field.post?.shift.site.id
    if (site === undefined || field.identity === undefined || !navigator.onLine) return
    const shift = await api.shift(site).catch(() => undefined)
    if (shift !== undefined) await field.renewShift(shift)
  }
  const timer = window.setInterval(() => void ask(), NEWS_MS)
  onScopeDispose(() => window.clearInterval(timer))
  void ask()
}

export function useRosterLoad() {
  const { field } = useBook()
  const api = useShiftApi()
  const { busy, error, run } = useAct()
  const again = () =>
    run(async () => {
      const post = field.post
      if (post) await field.takePost(post, await api.roster(post.shift.site.id))
    })
  return { busy, error, again }
}
