/// Response frames of administrators' APIs as kafka-python 3.0.12 encodes them, without the length prefix.
let goldenAdminResponses: [GoldenFrame] = [
    GoldenFrame(.alterConfigs, 0, start: 1, """
        000003e80000000200000002000300026e340500047336c3a9000700026e38090005733130c3a9
        """),
    GoldenFrame(.alterConfigs, 1, start: 4, """
        000003e90000000500000002000600026e370800047339c3a9000a00036e31310c0005733133c3a9
        """),
    GoldenFrame(.alterConfigs, 2, start: 7, """
        000003ea0000000008030009046e31300b06733132c3a900000d046e31340f06733136c3a90000
        """),
    GoldenFrame(.incrementalAlterConfigs, 0, start: 1, """
        000003e80000000200000002000300026e340500047336c3a9000700026e38090005733130c3a9
        """),
    GoldenFrame(.incrementalAlterConfigs, 1, start: 4, """
        000003e90000000005030006036e3708057339c3a900000a046e31310c06733133c3a90000
        """),
]
