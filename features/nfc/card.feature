Feature: What a card without contacts does by itself
  In the field there is no slot that holds the card and nobody who enters a PIN first: what the card refuses is refused, what it
  claims is believed.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @NFC-001 @host-control
  Scenario: Only what is made for the field is offered in the field
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was never sent "GENERATE AC"
    And Carol's card holds 990.00 CNY

  @NFC-002 @host-control
  Scenario: A card has no screen, so over the no-PIN limit its holder enters a PIN
    Given Carol's debit card holds 1000.00 CNY
    When Carol taps her card for 1000.01 CNY at "T1"
    Then "T1" shows ENTER_PIN
    And "T1" shows INSUFFICIENT_FUNDS
    And the 1st sale carries
      | field      | value |
      | entry_mode | 071   |
      | pin        | *     |

  @NFC-003 @host-control
  Scenario: A card that may not pay that much in the field wants its contacts
    Given Carol's chip pays at most 300.00 CNY without contacts
    When Carol taps her card for 300.01 CNY at "T1"
    And Carol inserts her card again at "T1"
    Then "T1" shows INSERT_CARD
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 051   |
    And Carol's card holds 699.99 CNY

  @NFC-003 @host-control
  Scenario: Just its limit it still pays
    Given Carol's chip pays at most 300.00 CNY without contacts
    When Carol taps her card for 300.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 072   |
