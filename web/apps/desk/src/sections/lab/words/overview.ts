// Words of the overview of laboratories.
import { defineMessages } from '@allclear/kit'

export const overview = defineMessages({
  zh: {
    title: '检测总览',
    about: '每家实验室手里有多少、最早的等了多久、还要做多久。',
    received: '待上机',
    onRun: '检测中',
    resulted: '待审核',
    released: '24 小时已发布',
    oldest: '最早接收',
    work: '按额定产能还需',
    rated: '额定 {n} 管/日',
    holds: '待查',
    alerts: '超时预警',
    flags: '待核查',
    followUps: '追踪中',
    ok: '无',
  },
  en: {
    title: 'Laboratories',
    about: 'How much each laboratory holds, how long the oldest has waited, and how long it will take.',
    received: 'To be run',
    onRun: 'On a run',
    resulted: 'To be released',
    released: 'Released in 24 h',
    oldest: 'Oldest received',
    work: 'Work left at rated speed',
    rated: 'Rated {n} tubes a day',
    holds: 'On hold',
    alerts: 'Clock alerts',
    flags: 'Checks',
    followUps: 'Follow-ups',
    ok: 'None',
  },
})
