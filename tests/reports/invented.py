"""The words of the invented reports (编造的名称)."""

AS_OF = "2026-11-23T08:00:00+08:00"

MEASURES = {
    "contacts": "来件",
    "received": "受理",
    "valid": "有效受理",
    "invalid": "无效",
    "direct": "直接答复",
    "dispatched": "派单",
    "refused": "不予受理",
    "transferred": "转紧急",
    "waiting": "未派",
    "repeated": "重复诉求",
    "merged": "并单",
    "closed": "办结",
    "no_reply": "办结未答复",
    "dispatch_due": "到期应派单",
    "dispatched_on_time": "按时派单",
    "assigned": "交办",
    "first_assigned": "首次交办",
    "first_right": "首派准确",
    "sign_due": "到期应签收",
    "signed_on_time": "按时签收",
    "contact_due": "到期应联系",
    "responded": "按时响应",
    "due": "到期应办结",
    "on_time": "按时办结",
    "late": "超期",
    "in_review": "到期待审核",
    "returned": "退单",
    "extended": "延期",
    "done": "单位办结",
    "redone": "重办",
    "solved_known": "解决可评",
    "solved": "解决",
    "satisfied_known": "满意可评",
    "satisfied": "满意",
    "urged": "催办",
    "supervised": "督办",
    "raised": "提级",
}
INDICATORS = (
    ("on_time_rate", "按时办结率", "on_time", "due"),
    ("response_rate", "按时响应率", "responded", "contact_due"),
    ("solved_rate", "解决率", "solved", "solved_known"),
    ("satisfied_rate", "满意率", "satisfied", "satisfied_known"),
    ("dispatch_rate", "派单及时率", "dispatched_on_time", "dispatch_due"),
    ("first_right_rate", "首派准确率", "first_right", "first_assigned"),
    ("direct_rate", "直接答复率", "direct", "received"),
)
DEPARTMENTS = (
    "城市管理局 住房和城乡建设局 公安局 公安局交通警察大队 市场监督管理局 人力资源和社会保障局 生态环境局 人民政府办公室 "
    "自来水公司 供电公司 自然资源局 交通运输局 公路事业发展中心 水利局 农业农村局 林业局 教育局 卫生健康局 医疗保障局 民政局 "
    "残疾人联合会 退役军人事务局 应急管理局 消防救援大队 文化广电旅游体育局 税务局 发展和改革局 "
    "经济科技和信息化局 商务局 财政局 司法局 "
    "住房公积金管理中心 行政审批和政务服务局 邮政管理局 燃气公司 公共交通公司 电信分公司 移动分公司 联通分公司 广播电视网络公司"
)
TOWNS = "桐鲤街道 葭砚街道 鹿笺镇 苇棹镇 陶萤镇 菱砧镇 梭云乡"
CATEGORIES = {
    "城市管理": "占道经营 环境卫生 路灯照明 违法建设",
    "住房建设": "物业管理 供水 供气 房屋漏水",
    "交通出行": "道路养护 公交线路 停车管理",
    "环境保护": "噪声扰民 油烟 水体污染",
    "劳动社保": "拖欠工资 社保缴费 医保报销",
    "农业农村": "农田水利 土地承包",
    "市场监管": "消费纠纷 食品安全 价格",
}
CHANNELS = "电话 网站 微信 手机应用 县长信箱 来信 上级交办"
TYPES = "咨询 求助 投诉 建议 举报 表扬"
#: Words of a stranger that a sheet would run and a page would obey, and an ordinary long one.
HOSTILE = '=HYPERLINK("http://evil.example","点我")<script>alert(1)</script>&amp;'
LONG = (
    "听橹社区三栋楼下夜宵摊每晚营业到凌晨两点油烟直冲六楼住户家中，多次反映后仍未解决，居民要求明确整改时间并书面答复"
    * 2
)
#: What a measure means, by its name.
MEANS = "统计期内{}的工单，按当天计，并入别的工单的不另算。"
