// The schematic map as SVG paths: a flat projection is exact enough for one county.
export interface Town {
  code: string
  name: string
  path: string
  /** Where its label stands. */
  x: number
  y: number
}

type Ring = [number, number][]
interface Feature {
  properties: { code: string; name: string; seat: [number, number] }
  geometry: { type: 'Polygon'; coordinates: Ring[] } | { type: 'MultiPolygon'; coordinates: Ring[][] }
}
export interface Features {
  features: Feature[]
}

export interface TownMap {
  width: number
  height: number
  towns: Town[]
}

const ringsOf = (feature: Feature): Ring[] =>
  feature.geometry.type === 'Polygon' ? feature.geometry.coordinates : feature.geometry.coordinates.flat()

/** Twice the signed area of a ring, and its centroid. */
function middle(ring: Ring): { area: number; x: number; y: number } {
  let area = 0
  let x = 0
  let y = 0
  ring.forEach(([ax, ay], index) => {
    const [bx, by] = ring[(index + 1) % ring.length] as [number, number]
    const cross = ax * by - bx * ay
    area += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  })
  return { area: Math.abs(area), x: x / (3 * area), y: y / (3 * area) }
}

/** The middle of the widest run inside a ring at this height: where a label has room. */
function roomAt(ring: Ring, y: number): { x: number; width: number } | undefined {
  const cuts: number[] = []
  ring.forEach(([ax, ay], index) => {
    const [bx, by] = ring[(index + 1) % ring.length] as [number, number]
    if (ay <= y !== by <= y) cuts.push(ax + ((y - ay) / (by - ay)) * (bx - ax))
  })
  cuts.sort((a, b) => a - b)
  const runs: { x: number; width: number }[] = []
  for (let i = 0; i + 1 < cuts.length; i += 2) {
    const [from, to] = [cuts[i] as number, cuts[i + 1] as number]
    runs.push({ x: (from + to) / 2, width: to - from })
  }
  return runs.sort((a, b) => b.width - a.width)[0]
}

/** Fits all towns into a width of 1000 units. */
export function project(features: Features): TownMap {
  const points = features.features.flatMap((feature) => ringsOf(feature).flat())
  const lons = points.map(([lon]) => lon)
  const lats = points.map(([, lat]) => lat)
  const [west, east] = [Math.min(...lons), Math.max(...lons)]
  const [south, north] = [Math.min(...lats), Math.max(...lats)]
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const unit = 1000 / ((east - west) * squeeze)
  const place = ([lon, lat]: [number, number]): [number, number] => [(lon - west) * squeeze * unit, (north - lat) * unit]
  const towns = features.features.map((feature) => {
    const rings = ringsOf(feature).map((ring) => ring.map(place))
    const largest = rings.map((ring) => ({ ring, ...middle(ring) })).sort((a, b) => b.area - a.area)[0]
    const room = largest && roomAt(largest.ring, largest.y)
    const path = rings
      .map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`)
      .join('')
    return { ...feature.properties, path, x: room?.x ?? largest?.x ?? 0, y: largest?.y ?? 0 }
  })
  return { width: 1000, height: (north - south) * unit, towns }
}
