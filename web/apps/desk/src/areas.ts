// The division tree, loaded once a page: names by code, and options for tree selects.
import type { Schemas } from '@allclear/contract'
import { useHttp, useLoad } from '@allclear/kit'
import { computed, watch } from 'vue'

export type Area = Schemas['Area']
/** 全国: where the first administrator holds their role. It is in no list; every area lies in it. */
export const COUNTRY = '100000'
/** Codes are hierarchical: an area lies in another if its code begins with the other's. */
export const liesIn = (code: string, root: string) => root === COUNTRY || code.startsWith(root)

export interface AreaNode {
  value: string
  label: string
  children?: AreaNode[]
}

/** 塘里村 for 塘里村民委员会: as people say it. */
export const shortName = (name: string) => name.replace(/(村民委员会|居民委员会|居委会)$/, '').replace(/村委会$/, '村')

export function useAreas() {
  const http = useHttp()
  const loaded = useLoad(async () => (await http.get('/areas')).rows)
  void loaded.load()
  const rows = computed(() => loaded.value.value ?? [])
  const byCode = computed(() => new Map(rows.value.map((area) => [area.code, area])))
  const name = (code: string) => shortName(byCode.value.get(code)?.name ?? code)
  function nodes(parent: string | null): AreaNode[] {
    return (children.value.get(parent) ?? []).map((area) => {
      const below = nodes(area.code)
      return { value: area.code, label: shortName(area.name), ...(below.length > 0 ? { children: below } : {}) }
    })
  }
  const children = computed(() => {
    const map = new Map<string | null, Area[]>()
    for (const area of rows.value) {
      const parent = area.parent && byCode.value.has(area.parent) ? area.parent : null
      map.set(parent, [...(map.get(parent) ?? []), area])
    }
    return map
  })
  const tree = computed(() => nodes(null))
  /** The tree below some roots: what an account may choose from. */
  const treeOf = (roots: string[]): AreaNode[] =>
    roots.flatMap((code) => {
      if (code === COUNTRY) return nodes(null)
      const below = nodes(code)
      return [{ value: code, label: name(code), ...(below.length > 0 ? { children: below } : {}) }]
    })
  /** Says with which area a page begins: the first root, or the top of the tree once it is known. */
  function startIn(roots: string[], begin: (code: string) => void) {
    const root = roots[0]
    if (root !== undefined && root !== COUNTRY) return begin(root)
    const stop = watch(tree, (top) => {
      if (!top[0]) return
      stop()
      begin(top[0].value)
    })
  }
  return { error: loaded.error, load: loaded.load, rows, name, startIn, tree, treeOf }
}
