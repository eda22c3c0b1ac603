import { describe, expect, it } from 'vitest'
import source from '../../../../data/330784-towns.schematic.geojson?raw'
import { project, type Features } from './geo'
import { ageTone, stepOf } from './scale'

describe('completion as colour', () => {
  it.each([
    [0, 100, 0],
    [199, 1000, 0],
    [20, 100, 0.2],
    [949, 1000, 0.8],
    [95, 100, 0.95],
    [120, 100, 0.95],
    [1, 0, 0],
  ])('%i of %i is the step from %f', (n, d, from) => expect(stepOf(n, d).from).toBe(from))
})

describe('age against its limit', () => {
  it.each([
    [0, 240, 'good'],
    [179, 240, 'good'],
    [180, 240, 'warn'],
    [239, 240, 'warn'],
    [240, 240, 'bad'],
    [9999, null, 'good'],
  ] as const)('%i of %s minutes is %s', (age, limit, tone) => expect(ageTone(age, limit)).toBe(tone))
})

describe('the schematic map', () => {
  const map = project(JSON.parse(source) as Features)
  it('has the fourteen towns, each labelled inside the frame', () => {
    expect(map.towns).toHaveLength(14)
    for (const town of map.towns) {
      expect(town.x).toBeGreaterThan(0)
      expect(town.x).toBeLessThan(map.width)
      expect(town.y).toBeGreaterThan(0)
      expect(town.y).toBeLessThan(map.height)
    }
  })
})
