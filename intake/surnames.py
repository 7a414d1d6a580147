"""Family names (姓氏) and the signs around a name, for masking; general knowledge, no list of persons."""

COMPOUND = "欧阳|上官|司马|司徒|诸葛|皇甫|尉迟|公孙|慕容|东方|令狐|长孙|夏侯|宇文|轩辕|端木|南宫|独孤"

#: Hardly ever the first character of an everyday word: enough of a sign where the context is weak.
CLEAR = (
    "王李张刘陈杨赵吴周徐孙朱胡郭罗郑梁宋唐韩冯邓曹彭肖萧董袁潘蒋蔡杜叶魏吕丁沈姚卢姜崔谭陆汪范贾韦傅邹孟熊秦邱尹薛闫"
    "阎雷侯史陶黎贺顾郝龚邵覃戴莫孔施樊葛邢齐乔伍庞颜倪聂鲁岳翟殷詹欧耿焦俞柳甘祝舒阮柯纪梅童凌裴霍涂苗翁冉骆靳柴蒙鲍"
    "喻祁蒲滕饶牟尤穆卓缪褚娄窦戚岑佟臧闵苟邬卞姬栾隋刁甄虞佘邝匡鞠荆胥谌奚冼蔺瞿丘郁晏"
)

#: Also words of their own; taken for a name only after 我叫, 姓名：, 联系人： or before 先生, 女士.
UNCLEAR = (
    "黄马何高林谢许曾田于余程苏任钟金石廖夏付方白江段龙毛万钱严武向汤常温康文牛安易庄章申关兰左包宁尚符毕单季成谷盛曲"
    "蓝路游辛管华房屈解艾时阳农古吉简车项连芦麦景党宫费冷席卫米柏宗桂全应边师和仇商沙荣巫桑郎丛仲敖巩池麻苑迟官封谈惠"
    "乐南班储原燕楚鄢劳皮粟楼满闻厉伊海花权强屠盖练廉井祖漆巴支卿国狄平计索云容敬温卜符"
)

#: Everyday words that begin with a family name and follow the signs of a name.
NOT_A_NAME = (
    "司机|师傅|和平|方便|安排|安装|时间|时候|全家|全部|平时|华为|强烈|明天|常年|常常|高中|高度|海口|成年|成都|应该|国家|"
    "文件|文化|任何|于是|钱款|钱财|房屋|房子|房东|车主|车辆|车牌|商家|商户|路人|路过|温馨|白天|金额|万元|程序|谢谢|许多|"
    "游客|管理|党员|农民|马上|马路|易燃|向上|单位|单元|曾经|余额|关于|连续|项目|班主任|官方|女士|先生|小姐|孙子|孙女|纪委|纪检|相关|有关"
)

#: Characters that do not stand in given names: grammar, counting, and 某, which hides a name already.
NEVER_GIVEN = (
    "的了是在我你您他她它们吗呢吧啊和与及或被把给向到从这那哪么什很都也就还又再没不无有以于等说个某这该其"
)

#: What follows a name where no punctuation does.
FOLLOWERS = (
    "家住|住在|现住|住址|地址|电话|手机|联系|身份证|男性|女性|先生|女士|小姐|同志|反映|反应|投诉|举报|来电|致电|表示|"
    "要求|想要|咨询|认为|今年|因为|去年|家里|家中|购买|申请|称"
)
