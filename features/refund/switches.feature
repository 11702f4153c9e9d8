Feature: Refunds at hosts that differ
  What one acquirer answers with 61 another answers with 64; how long a sale can be given back is in the contract.

  @RFD-002 @host-control
  Scenario Outline: More than was paid is refused with <code>
    Given the host and its tills agree that "over_refund" is "<code>"
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    When Bob has 10.01 CNY of the 1st sale refunded at "T1"
    Then "T1" shows <screen>
    And these messages went over the wire
      | from | message       | code   |
      | T1   | refund        |        |
      | host | refund answer | <code> |
    And Bob's card holds 4990.00 CNY

    Examples:
      | code | screen         |
      | 61   | AMOUNT_LIMIT   |
      | 64   | AMOUNT_DIFFERS |

  @RFD-004 @host-control @clock
  Scenario Outline: After the window a refund is answered <code>
    Given the host and its tills agree that "refund_days" is "7"
    And the host and its tills agree that "late_refund" is "<code>"
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    When 8 days pass
    And operator "01" logs in at "T1"
    And Bob has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows <screen>
    And the answer to the 1st refund carries
      | field | value  |
      | code  | <code> |
    And Bob's card holds 4990.00 CNY

    Examples:
      | code | screen             |
      | 22   | CHECK_ORIGINAL     |
      | 25   | ORIGINAL_NOT_FOUND |

  @RFD-007 @host-control
  Scenario Outline: Where the host looks by <lookup>, another till's sale ends with <screen>
    Given the host and its tills agree that "refund_lookup" is "<lookup>"
    And till "T1" of "Noodle House" has signed in
    And till "T2" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    When Bob has 10.00 CNY of the 1st sale refunded at "T2"
    Then "T2" shows <screen>
    And Bob's card holds <left> CNY

    Examples:
      | lookup | screen             | left    |
      | rrn    | APPROVED           | 5000.00 |
      | trace  | ORIGINAL_NOT_FOUND | 4990.00 |
