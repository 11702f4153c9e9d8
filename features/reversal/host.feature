Feature: What the host makes of repeats and reversals
  Lines deliver twice, tills restart and ask again. Whatever comes, one payment moves money at most once and comes back at
  most once.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @REV-014
  Scenario: A request that arrives twice moves money once
    Given the line delivers the 1st sale twice
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code | note |
      | T1   | sale        | 2     |      |      |
      | T1   | sale        | 2     |      | copy |
      | host | sale answer | 2     | 00   |      |
      | host | sale answer | 2     | 94   |      |
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @REV-014
  Scenario: The same request an hour later is a duplicate still
    Given Bob has paid 10.00 CNY at "T1"
    When "T1" is made to send the 1st sale again
    Then these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 94   |
    And Bob's card holds 4990.00 CNY

  @REV-005
  Scenario: An answer that arrives twice is taken once
    Given the line delivers the answer to the 1st sale twice
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" prints 4 receipts
    And these messages went over the wire
      | from | message     | trace | code | note |
      | T1   | sale        | 2     |      |      |
      | host | sale answer | 2     | 00   |      |
      | host | sale answer | 2     | 00   | copy |
      | T1   | sale        | 3     |      |      |
      | host | sale answer | 3     | 00   |      |
    And Bob's card holds 4970.00 CNY

  @REV-003
  Scenario: A reversal of a sale that the host never saw is answered 00 and remembered
    When "T1" is made to send a reversal with trace "000777"
    Then these messages went over the wire
      | from | message         | trace | code |
      | T1   | reversal        | 777   | 98   |
      | host | reversal answer | 777   | 00   |
    And the host has the 1st reversal as tombstone

  @REV-016
  Scenario: A second reversal gets the first one's answer and moves nothing
    Given the line breaks before the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    And "T1" is made to send the 1st reversal again
    Then "T1" shows LINE_CUT
    And these messages went over the wire
      | from | message         | trace | code | note |
      | T1   | sale            | 2     |      |      |
      | host | sale answer     | 2     | 00   | cut  |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
      | T1   | reversal        | 2     | 98   |      |
      | host | reversal answer | 2     | 00   |      |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REV-017
  Scenario: A reversal takes back its own till's sale and no other
    Given till "T2" of "Noodle House" has signed in
    And Alice has paid 20.00 CNY at "T2"
    And the line breaks before the answer to the 2nd sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And the host has the 1st sale as approved
    And the host has the 2nd sale as reversed
    And Alice's card holds 980.00 CNY
    And Bob's card holds 5000.00 CNY

  @REV-018
  Scenario: A reversal of another amount takes nothing back
    Given Bob has paid 10.00 CNY at "T1"
    When "T1" is made to send a reversal with amount "000000009900"
    Then these messages went over the wire
      | from | message         | trace | code |
      | T1   | reversal        | 2     | 98   |
      | host | reversal answer | 2     | 64   |
    And the host has the 1st sale as approved
    And Bob's card holds 4990.00 CNY
