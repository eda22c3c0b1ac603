import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: {
    scanBox: '扫转运箱',
    scanTubes: '扫管装箱',
    seal: '封箱 {n}',
    sealed: '已封箱',
    again: '已在箱里',
    toPack: '待装 {n} 管',
    empty: '还没有管',
    out: '取出',
    outDone: '已取出',
    mine: '本机的箱子',
    state: { open: '装箱中', sealed: '已封箱', given: '已交出', carried: '携带中' },
    tubes: '{n} 管',
    list: '箱内',
  },
  en: {
    scanBox: 'Scan a box',
    scanTubes: 'Scan tubes in',
    seal: 'Seal box {n}',
    sealed: 'Box sealed',
    again: 'Already in',
    toPack: 'Tubes to pack: {n}',
    empty: 'No tubes yet',
    out: 'Take out',
    outDone: 'Taken out',
    mine: 'Boxes of this phone',
    state: { open: 'Packing', sealed: 'Sealed', given: 'Handed over', carried: 'Carried' },
    tubes: 'Tubes: {n}',
    list: 'In the box',
  },
})
