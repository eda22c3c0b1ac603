import { Connection } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Where a tube, a box or a person's swabs have been: who, where, when, with which device.
export default defineSection({
  name: 'trace',
  menu: [
    {
      path: '/trace',
      title: 'trace.menu',
      icon: Connection,
      group: 'command',
      order: 60,
      roles: ['headquarters', 'site_lead', 'auditor'],
    },
  ],
  routes: [
    { path: '/trace', component: () => import('./TracePage.vue') },
    { path: '/trace/:kind/:code', component: () => import('./TracePage.vue') },
  ],
  messages,
})
