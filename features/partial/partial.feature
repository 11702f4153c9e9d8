Feature: A part is approved
  The card holds less than the bill. A till that can collect the rest says so, and the issuer gives what there is.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And "T1" can take a part of a sale
    And Alice's debit card holds 30.00 CNY

  @PAR-001 @host-control
  Scenario: The cashier is told of the rest before the part counts
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    Then "T1" shows PARTIAL_APPROVAL
    And "T1" does not show APPROVED
    And "T1" prints no receipts
    And these messages went over the wire
      | from | message     | trace | amount       | code |
      | T1   | sale        | 2     | 000000005000 |      |
      | host | sale answer | 2     | 000000003000 | 10   |
    And the 1st sale carries
      | field            | value |
      | partial_approval | 1     |

  @PAR-001 @PAR-002 @host-control
  Scenario: The rest is there, and the part stands
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    And the cashier collects the rest at "T1"
    Then "T1" shows APPROVED_IN_PART
    And the customer copy of "T1" has
      | line        | value     |
      | SLIP_AMOUNT | 30.00 CNY |
      | SLIP_TOTAL  | 30.00 CNY |
      | SLIP_REST   | 20.00 CNY |
    And Alice's card holds 0.00 CNY
    And "Noodle House" is owed 30.00 CNY

  @PAR-001 @host-control
  Scenario: Another card pays the rest
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    And the cashier collects the rest at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED_IN_PART
    And "T1" shows APPROVED
    And "Noodle House" is owed 50.00 CNY

  @PAR-003 @host-control
  Scenario: Without the rest the part is taken back, and no more than that
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    And the cashier gives the sale up at "T1"
    Then "T1" shows CANCELLED
    And these messages went over the wire
      | from | message         | trace | amount       | code |
      | T1   | sale            | 2     | 000000005000 |      |
      | host | sale answer     | 2     | 000000003000 | 10   |
      | T1   | reversal        | 2     | 000000003000 | 06   |
      | host | reversal answer | 2     | 000000003000 | 00   |
    And "T1" has the 1st sale as reversed
    And Alice's card holds 30.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PAR-003 @clock @host-control
  Scenario: A part that nobody takes is taken back when the operator is logged out
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    And 10 minutes pass
    Then "T1" is logged out
    And "T1" has the 1st sale as reversed
    And Alice's card holds 30.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PAR-003 @host-control
  Scenario: A till that starts again before the rest is collected takes the part back
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    And "T1" starts again
    Then "T1" shows REVERSED
    And Alice's card holds 30.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PAR-004 @clock @host-control
  Scenario: A till that never heard of the part reverses what it asked for
    Given the line loses the answer to the 1st sale
    When Alice swipes 50.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | amount       | code | note |
      | T1   | sale            | 2     | 000000005000 |      |      |
      | host | sale answer     | 2     | 000000003000 | 10   | lost |
      | T1   | reversal        | 2     | 000000005000 | 98   |      |
      | host | reversal answer | 2     | 000000005000 | 00   |      |
    And "T1" has the 1st sale as reversed
    And Alice's card holds 30.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PAR-005 @host-control
  Scenario: A till that cannot collect a rest gets no part
    Given till "T2" of "Noodle House" has signed in
    When Alice swipes 50.00 CNY at "T2" and enters her PIN
    Then "T2" shows INSUFFICIENT_FUNDS
    And Alice's card holds 30.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PAR-002 @host-control
  Scenario: The void of a part gives the part back
    Given Alice swipes 50.00 CNY at "T1" and enters her PIN
    And the cashier collects the rest at "T1"
    When Alice has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 30.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @PAR-002 @host-control
  Scenario: A part is refunded up to the part
    Given Alice swipes 50.00 CNY at "T1" and enters her PIN
    And the cashier collects the rest at "T1"
    When Alice has 30.01 CNY of the 1st sale refunded at "T1"
    And Alice has 30.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And "T1" shows APPROVED
    And Alice's card holds 30.00 CNY
