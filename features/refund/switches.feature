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
