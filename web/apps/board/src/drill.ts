// Any figure opens the rows behind it.
import { inject, type InjectionKey } from 'vue'

export interface DrillTarget {
  /** What the panel is headed with. */
  title: string
  /** Name of the figure, as `GET /api/v1/live/rows` knows it. */
  figure: string
  area?: string
  site?: string
  lab?: string
  stage?: string
  /** When the five minutes of a bar begin. */
  from?: string
}

export type OpenDrill = (target: DrillTarget) => void
export const DRILL: InjectionKey<OpenDrill> = Symbol('drill')

export function useDrill(): OpenDrill {
  return inject(DRILL, () => undefined)
}
