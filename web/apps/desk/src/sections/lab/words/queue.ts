// Words of the tubes at hand.
import { defineMessages } from '@allclear/kit'

export const queue = defineMessages({
  zh: {
    title: '在手样本',
    about: '已接收、尚未发布的每一管，不论是否上板。不可信的结果退回重做，不能检测的退回重采。',
    stage: '阶段',
    stages: { received: '待上机', on_run: '检测中', resulted: '待审核' },
    since: '接收时间',
    repeated: '重做过',
    empty: '没有这样的样本',
  },
  en: {
    title: 'Tubes here',
    about: 'Every tube that was received and not released, on a plate or not. Repeat a result that is not trusted; send back what cannot be tested.',
    stage: 'Stage',
    stages: { received: 'To be run', on_run: 'On a run', resulted: 'To be released' },
    since: 'Received',
    repeated: 'Repeated',
    empty: 'No such tube',
  },
})
