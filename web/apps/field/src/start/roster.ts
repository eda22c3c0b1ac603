// Loading what a shift needs from the server, under the device's token.
import type { Roster, Shift, Site } from '@allclear/engine'
import { useAct, useHttp } from '@allclear/kit'
import { onScopeDispose } from 'vue'
import { useBook } from '../book'

export function useShiftApi() {
  const http = useHttp()
  const { field } = useBook()
  const get = <T>(path: string, query?: Record<string, string>) => {
    const token = field.identity?.token
    return http.get<T>(path, query, token === undefined ? {} : { token })
  }
  return {
    sites: async () => {
      const answer = await get<Site[] | { rows: Site[] }>('/sites')
      return Array.isArray(answer) ? answer : answer.rows
    },
    shift: (site: string) => get<Shift>('/field/shift', { site }),
    roster: (site: string) => get<Roster>('/field/roster', { site }),
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
