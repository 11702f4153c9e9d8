Feature: Messages are sealed
  Whoever sits on the line can read an amount and change it. The MAC is what makes a changed message worthless, in both
  directions.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SEC-001
  Scenario Outline: A sale whose <what> was changed on the line moves no money
    Given the line changes <field> of the 1st sale to "<value>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SIGN_IN_AGAIN
    And these messages went over the wire
      | from | message     | trace | code | note    |
      | T1   | sale        | 2     |      | changed |
      | host | sale answer | 2     | A0   |         |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

    Examples:
      | what     | field    | value    |
      | MAC      | mac      | 00000000 |
      | currency | currency | 840      |

  @SEC-001 @WIR-003
  Scenario: A sale whose amount was changed on the line moves neither the old nor the new amount
    Given the line changes amount of the 1st sale to "000000000001"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And "T1" does not show APPROVED
    And the answer to the 1st sale carries
      | field | value |
      | code  | A0    |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @SEC-001
  Scenario: A sale without a MAC moves no money
    When "T1" is made to send a sale without mac
    Then these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | A0   |
    And Bob's card holds 5000.00 CNY

  @SEC-001
  Scenario: A reversal without a MAC takes nothing back
    Given Bob has paid 10.00 CNY at "T1"
    When "T1" is made to send a reversal without mac
    Then these messages went over the wire
      | from | message         | code |
      | T1   | reversal        | 98   |
      | host | reversal answer | A0   |
    And the host has the 1st sale as approved
    And Bob's card holds 4990.00 CNY

  @SEC-003
  Scenario: After the host has refused a MAC the till signs in and sells again
    Given the line changes mac of the 1st sale to "00000000"
    When Bob swipes 10.00 CNY at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SIGN_IN_AGAIN
    And "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @SEC-002
  Scenario Outline: An approval whose <what> was changed on the line is taken back
    Given the line changes <field> of the answer to the 1st sale to "<value>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_MAC
    And "T1" does not show APPROVED
    And "T1" prints no receipts
    And the 1st reversal carries
      | field | value  |
      | trace | 000002 |
      | code  | A0     |
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

    Examples:
      | what               | field     | value    |
      | MAC                | mac       | 00000000 |
      | authorization code | auth_code | 999999   |

  @SEC-002
  Scenario: A decline that somebody turned into an approval is no approval
    Given Alice's debit card holds 5.00 CNY
    And the line changes answer_code of the answer to the 1st sale to "00"
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows BAD_MAC
    And "T1" does not show APPROVED
    And "T1" prints no receipts
    And Alice's card holds 5.00 CNY

  @SEC-002
  Scenario: An approval without a MAC is no approval
    Given the line takes mac out of the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BAD_MAC
    And "T1" does not show APPROVED
    And Bob's card holds 5000.00 CNY

  @SEC-003
  Scenario: After a false answer the till trusts its keys no longer and sells nothing
    Given the line changes mac of the answer to the 1st sale to "00000000"
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows BAD_MAC
    And "T1" shows SIGN_IN_FIRST
    And "T1" is signed off
    And Bob's card holds 5000.00 CNY

  @SEC-003
  Scenario: With new keys it sells again
    Given the line changes mac of the answer to the 1st sale to "00000000"
    When Bob swipes 10.00 CNY at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows BAD_MAC
    And "T1" shows APPROVED
    And Bob's card holds 4980.00 CNY

  @SEC-004
  Scenario: A message that another till has sealed is refused
    Given till "T2" of "Noodle House" has signed in
    When "T2" is made to send a sale with terminal "10000001"
    Then the answer to the 1st sale carries
      | field | value |
      | code  | A0    |
    And Bob's card holds 5000.00 CNY

  @SEC-005
  Scenario: What was sealed with yesterday's keys is worthless after the next sign-in
    Given Bob has paid 10.00 CNY at "T1"
    And the cashier has tried to sign in at "T1"
    When "T1" is made to send the 1st sale again
    Then these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | A0   |
    And Bob's card holds 4990.00 CNY
