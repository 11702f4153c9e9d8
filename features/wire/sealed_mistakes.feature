Feature: Mistakes under a good MAC
  The other side's software has changed over night. What it sends is sealed with the right keys, and is still not what was agreed.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-003 @clock
  Scenario Outline: An answer of another <element> is not taken, though it is sealed
    Given the answer to the 1st sale is sent with another <element>
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

    Examples:
      | element  |
      | amount   |
      | trace    |
      | terminal |

  @WIR-013 @clock
  Scenario Outline: An approval of type <type> is no answer to a sale
    Given the answer to the 1st sale is sent as type "<type>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And the line trouble of "T1" is unmatched
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

    Examples:
      | type |
      | 0110 |
      | 0410 |
      | 0230 |

  @WIR-014
  Scenario: An answer without a code is no approval
    Given the answer to the 1st sale is sent without code
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @WIR-010
  Scenario: An answer with a field that nobody asked for is an answer
    Given the answer to the 1st sale is sent with balance "000000000000"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @WIR-015
  Scenario: A chip takes the answer that has a tag nobody knows
    Given the answer to the 1st sale is sent with a chip tag that nobody knows
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @WIR-015
  Scenario: The host takes a chip's payment that has a tag nobody knows
    Given the 1st sale is sent with a chip tag that nobody knows
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @SEC-002
  Scenario: An approval with a wrong MAC is taken back
    Given the answer to the 1st sale is sent with a wrong MAC
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_MAC
    And Bob's card holds 5000.00 CNY
