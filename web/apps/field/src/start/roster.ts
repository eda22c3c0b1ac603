// Loading what a shift needs from the server, under the device's token.
import type { Roster, Shift, Site } from '@allclear/engine'
import { useAct, useHttp } from '@allclear/kit'
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
